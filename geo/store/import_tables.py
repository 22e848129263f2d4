"""The tables of the import wizard: remembered mappings of columns, and undone imports."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table, UniqueConstraint

from geo.store.columns import key, make_table, parent, whole, words

IMPORT_PROFILES: Final[Table] = make_table(
    "import_profiles",
    key("profile_id"),
    words("department"),
    words("columns_key"),
    words("field_map"),
    words("status_map"),
    words("area_units"),
    words("ignored"),
    words("saved_by"),
    words("saved_at"),
    UniqueConstraint("department", "columns_key", name="uq_import_profiles"),
)

IMPORT_UNDOS: Final[Table] = make_table(
    "import_undos",
    key("undo_id"),
    parent("import_id", "imports.import_id"),
    words("actor"),
    words("undone_at"),
    whole("partly"),
    words("rows"),
    Index("ix_import_undos_import_id", "import_id", unique=True),
)
