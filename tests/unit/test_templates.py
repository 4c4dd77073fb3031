"""templates: which of them are made of a rule's value, and which of its series' labels alone."""

from __future__ import annotations

import pytest

from harness.templates import measures, varies


@pytest.mark.parametrize(
    "template",
    [
        "{{ $value }}",
        "{{$value|humanize}} of {{ $labels.instance }}",
        "{{ .Value }}",
        '{{ printf "%.2f }}" $value }}',
        '{{ with query "up" }}{{ . | first | value }}{{ end }}',
        '{{ $labels.job }} is at {{ query "up" | first | value }}',
        "{{ if gt $value\n 5.0 }}high{{ end }}",
    ],
)
def test_what_is_made_of_the_value_or_of_a_query(template: str) -> None:
    assert measures(template)
    assert varies(template)


@pytest.mark.parametrize(
    "template",
    [
        "value, query and now",
        "{{ $labels.instance }} value too high",
        "{{ $labels.instance }} is $value",
        "{{ $labels.queryid }}",
        "{{ $labels.query }}",
        "{{ $labels.Value }} {{ .Labels.Value }} {{ $labels.value }} {{ $labels.now }}",
        "{{ $labels.env }} now, {{ $labels.job }}",
        '{{ index $labels "query" }} {{ printf "now %s" $labels.job }}',
        "{{/* $value */}}{{ $labels.job }}",
        "{{ $value",
    ],
)
def test_what_is_made_of_labels_alone(template: str) -> None:
    assert not measures(template)
    assert not varies(template)


def test_the_time_of_an_evaluation_is_another_at_each_and_no_value() -> None:
    assert varies("since {{ now }}")
    assert not measures("since {{ now }}")
