"""Results drawn with Plotly, and the letter and colour of each system."""
