"""What Reverdure draws: raster tiles, styles and legends, folium maps."""
