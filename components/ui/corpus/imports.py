"""What became of an upload's files and columns, shown before anything is indexed."""

from __future__ import annotations

import streamlit as st

from components.domain import ImportReport
from components.ui.shared import page
from components.wording import shortened

MOST_ROWS = 200
"""Files and columns in the tables."""
CELL = 300
"""Characters of a name or a reason in them."""


def show_report(report: ImportReport) -> None:
    """Show warnings, and tables of files and columns."""
    for number, warning in enumerate(report.warnings):
        page.soft(f"⚠ {warning}", f"import_{number}")
    with st.expander("What was read", expanded=True):
        st.dataframe(_files(report), hide_index=True, width="stretch", key="_import_files")
        if report.columns:
            st.dataframe(_columns(report), hide_index=True, width="stretch", key="_import_columns")


def _files(report: ImportReport) -> list[dict[str, str]]:
    """Return a row for each file; columns that would be empty are left out."""
    rows = [
        {
            "File": shortened(file.name, CELL),
            "Read as": file.part,
            "Rows": f"{file.rows:,}" if file.rows else "",
            "Format": file.format,
            "Encoding": file.encoding,
            "Delimiter": file.delimiter,
            "Header": file.header,
            "Note": shortened(file.note, CELL),
        }
        for file in report.files[:MOST_ROWS]
    ]
    filled = [name for name in rows[0] if any(row[name] for row in rows)] if rows else []
    return [{name: row[name] for name in filled} for row in rows]


def _columns(report: ImportReport) -> list[dict[str, str]]:
    """Return a row for each column or field of a file."""
    return [
        {
            "Column": shortened(column.name, CELL),
            "Read as": column.role,
            "Filled rows": f"{column.filled:,}",
            "Why": shortened(column.note, CELL),
        }
        for column in report.columns[:MOST_ROWS]
    ]
