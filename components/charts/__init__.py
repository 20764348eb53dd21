"""Charts in Plotly, and the palette: each system's letter and colour."""
