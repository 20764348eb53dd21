"""Streamlit pieces: page setup, session state, columns, cards. Pages are put together from them."""
