"""Glossary: the terms of art, in plain words."""

from components.ui.glossary import listing
from components.ui.shared import page, sign_in

sign_in.gate()
page.setup("Glossary")
listing.listing()
