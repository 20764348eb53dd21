"""Files to take away: JSON, CSV, TREC, HTML reports, recordings."""
