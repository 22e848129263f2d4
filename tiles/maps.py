"""The maps of the store: remediation by status, recovery by land cover, one site by year, an import."""

from tiles.import_map import import_html
from tiles.links import save_page
from tiles.recovery_map import recovery_html
from tiles.remediation_map import remediation_html
from tiles.site_map import site_html

__all__ = ["import_html", "recovery_html", "remediation_html", "save_page", "site_html"]
