"""Grafana dashboards as code: definitions, the generator, the generated JSON and the provisioning files."""
