//! The license checker: paste, drop or choose a bundle, and see at once what it is worth.

pub(crate) mod browser;
pub(crate) mod compared;
pub(crate) mod report;
mod state;

use leptos::html;
use leptos::prelude::*;

use browser::text_of;
use state::State;
#[cfg(feature = "hydrate")]
pub(crate) use state::text as shown;

/// The checker as an island in a page of the server.
#[cfg(any(feature = "ssr", feature = "hydrate"))]
#[island]
pub fn CheckerIsland() -> impl IntoView {
    view! { <Checker /> }
}

/// The checker: everything between the page's heading and its foot.
#[component]
pub fn Checker() -> impl IntoView {
    let state = State::new();
    let State { input, current, key, is_comparing, is_dragging, notice, to_copy_by_hand, is_bare, .. } = state;
    let area = NodeRef::<html::Textarea>::new();
    let (verdict, details, comparison, foot) = (NodeRef::new(), NodeRef::new(), NodeRef::new(), NodeRef::new());
    let is_blank = move || input.with(|input| input.trim_ascii().is_empty());

    // What was typed before the page woke is still in the box.
    Effect::new(move |_| {
        let typed = area.get().map(|area| area.value()).unwrap_or_default();
        if !typed.is_empty() {
            state.take(input, typed.into_bytes());
        }
        // Verdicts depend on the clock, so they are looked at again while the page stays open.
        browser::every_minute(move || state.look_again());
        browser::follow_drags(state);
    });
    Effect::new(move |_| state.show([verdict, details, comparison, foot]));

    view! {
        <div
            class="checker stack"
            data-dragging=is_dragging
            on:click=move |event| state.act(&event, area)
        >
            <div class="inputs" data-two=is_comparing>
                <div class="first">
                    <Pasted
                        id="bundle"
                        label="License bundle"
                        state
                        value=input
                        area
                        described_by="bundle-help"
                        hint="{ \"jwt\": \"…\", \"publicKey\": \"…\" }"
                    />
                    <label class="link file noprint">
                        "Choose a file"
                        <input
                            type="file"
                            class="visually-hidden"
                            accept=".json,.txt,.jwt,application/json,text/plain"
                            on:change=move |event| browser::chosen(&event, state, input)
                        />
                    </label>
                </div>
                <div hidden=move || !is_comparing.get()>
                    <Pasted id="current" label="The bundle in use now" state value=current hint="" />
                </div>
            </div>
            <div class="row noprint">
                <button type="button" class="btn quiet" data-do="compare" aria-expanded=move || is_comparing.get().to_string()>
                    "Compare with the current one"
                </button>
                <button type="button" class="btn quiet" data-do="summary" disabled=is_blank>
                    "Copy summary"
                </button>
                <button type="button" class="btn quiet" data-do="print" disabled=is_blank>
                    "Print"
                </button>
                <button type="button" class="btn quiet" data-do="clear">
                    "Clear"
                </button>
            </div>
            <p class="notice noprint" role="status">{notice}</p>
            <div class="noprint" hidden=move || to_copy_by_hand.with(Vec::is_empty)>
                <Pasted id="by-hand" label="Text to copy" state value=to_copy_by_hand hint="" />
            </div>
            <div class="card noprint" hidden=move || !is_bare.get()>
                <Pasted id="key" label="Public key that came with this JWT" state value=key hint="-----BEGIN PUBLIC KEY-----" />
                <small class="soft">"With the key, the signature can be checked here."</small>
            </div>
            <div role="status" node_ref=verdict></div>
            <div class="stack" node_ref=comparison></div>
            <div class="stack" node_ref=details></div>
            <div class="soft" node_ref=foot></div>
        </div>
    }
}

/// A box to paste into.
#[component]
fn Pasted(
    /// Its id, unique in the page.
    id: &'static str,
    /// Its label.
    label: &'static str,
    /// What stands in it while it is empty.
    hint: &'static str,
    /// The page's state.
    state: State,
    /// What it holds.
    value: RwSignal<Vec<u8>>,
    /// The id of what describes it further.
    #[prop(optional)]
    described_by: Option<&'static str>,
    /// The element, for whoever wants to find it.
    #[prop(optional)]
    area: NodeRef<html::Textarea>,
) -> impl IntoView {
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <textarea
                id=id
                class="drop"
                node_ref=area
                rows="7"
                spellcheck="false"
                autocomplete="off"
                autocapitalize="off"
                placeholder=hint
                aria-describedby=described_by
                prop:value=move || value.with(|bytes| state::text(bytes))
                on:input=move |event| state.take(value, text_of(&event).into_bytes())
            ></textarea>
        </div>
    }
}
