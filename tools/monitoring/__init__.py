"""Dashboards, alerts and recording rules, made from code; and a real Prometheus to try them on."""
