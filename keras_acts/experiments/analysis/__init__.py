"""From records to findings: the chosen learning rates, statistics, tables and sentences."""
