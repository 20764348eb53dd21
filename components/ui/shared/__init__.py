"""What all pages share: session state, layout, work with progress."""
