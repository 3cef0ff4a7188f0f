"""What the page is tested, measured and pictured with: a browser, and a large cluster to show."""
