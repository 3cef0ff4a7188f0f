"""Small lists in openb's columns."""

NODES = "sn,cpu_milli,memory_mib,gpu,model"
PODS = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos"


def a_node_list(path, *rows, head=NODES):
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return path


def a_pod_list(path, *rows):
    return a_node_list(path, *rows, head=PODS)
