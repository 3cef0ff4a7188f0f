"""A real Kubernetes control plane as local processes, without a container engine.

Law: whatever a plane starts or writes outside the build cache is gone when the plane is down, however it went down.
"""
