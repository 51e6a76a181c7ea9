"""Methods, for everyone: how each figure is calculated, and what it cannot say."""

import streamlit as st

from curim_data.model import Role
from pages.parts.frame import require
from pages.parts.methods.general import GENERAL, READING
from pages.parts.methods.hotspots import OPTIONS, PLACES

page = require(Role.PUBLIC, data=False)
t = page.t

st.title(t("Methods"))
st.write(
    t(
        "How each figure is calculated, which settings were chosen for you, and what it cannot say. Formulas are "
        "those that the code uses; where a published result is named, a test reproduces it."
    )
)
for rule in READING:
    st.markdown(f"- {t(rule)}")
for figure in (*GENERAL, *OPTIONS, *PLACES):
    with st.expander(t(figure.title)):
        st.markdown("**" + t("What it answers") + "**")
        st.write(t(figure.answers))
        for formula in figure.formulas:
            st.latex(formula)
        if figure.where:
            st.caption(t(figure.where))
        st.markdown("**" + t("Settings") + "**")
        st.write(t(figure.settings))
        st.markdown("**" + t("What it cannot say") + "**")
        st.write(t(figure.limits))
        st.markdown("**" + t("Published result reproduced") + "**")
        st.write(t(figure.reproduced) if figure.reproduced else t("None is published; tests check it in other ways."))
        if figure.sources:
            st.caption(t("Sources: {sources}", sources=" · ".join(figure.sources)))
