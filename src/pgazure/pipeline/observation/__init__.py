"""How pipelines stand: status, spend, lineage, metrics and logs."""
