"""Counters as OpenMetrics 1.0 text (https://prometheus.io/docs/specs/om/open_metrics_spec/)."""

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PREFIX = "leither_"


def render(counters):
    """The exposition of ``counters`` as bytes: TYPE and HELP per family, samples, ``# EOF``."""
    lines = []
    for name, (kind, sentence, samples) in counters.snapshot().items():
        family = PREFIX + name
        lines.append(f"# TYPE {family} {kind}")
        lines.append(f"# HELP {family} {_escape(sentence)}")
        sample_name = family + "_total" if kind == "counter" else family
        for labels, value in samples:
            text = ",".join(f'{key}="{_escape(label)}"' for key, label in labels)
            lines.append(f"{sample_name}{{{text}}} {value}" if text else f"{sample_name} {value}")
    lines.append("# EOF\n")
    return "\n".join(lines).encode()


def _escape(text):
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
