"""Signing in and out on a shared lab, and who may use one without."""

from __future__ import annotations

import streamlit as st

from components.ui.shared import state, visitor

_EVERYBODY = "Everybody who reaches this address may use this lab."


def gate() -> None:
    """Draw nothing but a way to sign in where the visitor is unknown. Call before anything else."""
    settings = state.settings()
    if visitor.current(settings) is not None:
        return
    st.set_page_config(page_title="Sign in · Rerank Lab", page_icon="🔀", layout="centered")
    with st.container(key="sign-in"):
        st.title("Rerank Lab")
        if settings.sharing.user_header:
            st.text("This lab is reached through its proxy, which signs visitors in.")
        else:
            st.text("This lab is for those who sign in.")
            st.button("Sign in", on_click=st.login, key="sign-in-button")
    st.stop()


def line() -> None:
    """Write who is signed in, with a way out, or that nobody has to be; nothing on a local lab."""
    settings = state.settings()
    current = visitor.current(settings)
    if current is None or current.local:
        return
    if not visitor.signs_in(settings):
        with st.container(key="soft-visitor", width="content"):
            st.text(_EVERYBODY)
        return
    row = st.container(
        horizontal=True, key="soft-visitor", vertical_alignment="center", gap="xxsmall"
    )
    with row:
        st.text(current.name, width="content")
        if not settings.sharing.user_header:  # a proxy's visitors sign out at the proxy
            st.button("Sign out", on_click=st.logout, key="sign-out", type="tertiary")
