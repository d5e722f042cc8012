"""What Streamlit itself takes for a page of the System page's shape: the same kinds and numbers of elements, nothing asked.

Run by `bench_page` with `streamlit run`. Keys are those of the real page, so the same clock looks at both.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st

BAR = '<div style="flex:1;height:20px;background:#4c7df0"></div>'

st.set_page_config("Static", layout="wide")
with st.container(key="verdict"):
    st.markdown("#### All services answer, 3 jobs failed")
    st.button("Show", key="open")
with st.grid(columns=5, min_column_width=170, gap="small", border=True):
    for name in ("postgresql", "clerk", "s3", "resend", "inngest"):
        with st.container(key=f"health_{name}"):
            with st.container(horizontal=True):
                st.text(name)
                st.badge("Healthy", icon=":material/check_circle:", color="green")
            st.markdown("#### 12 ms")
            st.text("Answered")
            with st.container(horizontal=True):
                st.caption("checked 12:00:00")
                st.button("Again", key=f"again_{name}", type="tertiary")
with st.grid(columns=4, min_column_width=150, gap="small", border=True):
    for name in ("active", "queued", "completed", "failed"):
        with st.container(key=f"card_{name}"):
            st.metric(name, "123", "+4")
            st.html(f'<div style="display:flex;gap:3px">{BAR * 24}</div>')
            with st.container(horizontal=True):
                st.caption("against 24 h before")
                st.button("Show", key=f"show_{name}", type="tertiary")
with st.container(horizontal=True):
    st.segmented_control("Status", ["All", "Running", "Queued", "Completed", "Failed"], default="All")
    for label in ("Type", "Tenant", "Range"):
        st.selectbox(label, ["All", "One"], key=label)
    st.text_input("Search")
with st.container(key="jobs"):
    rows = [{name: f"{name} {row}" for name in ("ID", "Type", "Tenant", "Queued", "Wait")} for row in range(20)]
    chips = st.column_config.MultiselectColumn("Status", options=["Completed"], color=["green"])
    st.dataframe(
        pd.DataFrame([{**row, "Status": ["Completed"]} for row in rows]), hide_index=True, on_select="rerun",
        selection_mode="single-row", height="content", column_config={"Status": chips},
    )  # fmt: skip
with st.container(key="page", horizontal=True):
    for number in range(1, 6):
        st.button(str(number), key=f"page_{number}")
for number in range(3):
    st.expander(f"Error {number}", icon=":material/error:").text("message")
