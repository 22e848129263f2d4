"""The three maps of the store: remediation by status, recovery by land cover, one site by year."""

from tiles.links import save_page
from tiles.recovery_map import recovery_html
from tiles.remediation_map import remediation_html
from tiles.site_map import site_html

__all__ = ["recovery_html", "remediation_html", "save_page", "site_html"]
