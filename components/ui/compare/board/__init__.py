"""The board: a component that draws all columns side by side."""
