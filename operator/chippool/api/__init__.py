"""The API as users see it: models of the custom resources, the CRDs made from them, and the syntax of their values.

Law: knows Kubernetes' conventions and chippool's words; never a cluster, a clock or a client.
"""
