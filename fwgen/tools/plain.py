"""Plain data: what a JSON file holds, and all that the report is made of."""

from typing import Any

Json = dict[str, Any]
"""A mapping as JSON has it: text, numbers, truth values, None, lists and mappings of these."""
