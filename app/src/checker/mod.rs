//! The license checker: paste, drop or choose a bundle, and see at once what it is worth.

mod browser;
mod compared;
mod report;
mod state;

use leptos::html;
use leptos::prelude::*;

use browser::{print, requests, text_of};
use compared::Compared;
use report::Report;
use state::State;

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
    let State { input, current, key, is_comparing, is_dragging, notice, to_copy_by_hand, .. } = state;
    let checked = state.checked();
    let shown = state.with_key(checked);
    let other = state.other();
    let is_bare = move || state::is_bare(checked);
    let area = NodeRef::<html::Textarea>::new();

    // What was typed before the page woke is still in the box.
    Effect::new(move |_| {
        if let Some(typed) = area.get().map(|area| area.value()).filter(|typed| !typed.is_empty()) {
            state.take(input, typed.into_bytes());
        }
    });
    // Verdicts depend on the clock, so they are looked at again while the page stays open.
    Effect::new(move |_| browser::every_minute(move || state.look_again()));

    view! {
        <div
            class="checker stack"
            class:dragging=is_dragging
            on:dragover=move |event| {
                event.prevent_default();
                is_dragging.set(true);
            }
            on:dragleave=move |_| is_dragging.set(false)
            on:drop=move |event| state.dropped(&event)
        >
            <div class="inputs" class:two=is_comparing>
                <div class="field">
                    <label for="bundle">"License bundle"</label>
                    <textarea
                        id="bundle"
                        class="drop"
                        node_ref=area
                        rows="7"
                        spellcheck="false"
                        autocomplete="off"
                        autocapitalize="off"
                        aria-describedby="bundle-help"
                        placeholder="{ \"jwt\": \"…\", \"publicKey\": \"…\" }"
                        prop:value=move || input.with(state::text)
                        on:input=move |event| state.take(input, text_of(&event).into_bytes())
                    ></textarea>
                </div>
                <Show when=move || is_comparing.get()>
                    <div class="field">
                        <label for="current">"The bundle in use now"</label>
                        <textarea
                            id="current"
                            class="drop"
                            rows="7"
                            spellcheck="false"
                            autocomplete="off"
                            autocapitalize="off"
                            prop:value=move || current.with(state::text)
                            on:input=move |event| state.take(current, text_of(&event).into_bytes())
                        ></textarea>
                    </div>
                </Show>
            </div>
            <Actions state shown area />
            <p class="notice noprint" role="status">{notice}</p>
            <Show when=move || to_copy_by_hand.with(|text| !text.is_empty())>
                <textarea class="drop" readonly rows="8" aria-label="Text to copy" prop:value=to_copy_by_hand></textarea>
            </Show>
            <Show when=is_bare>
                <div class="field card noprint">
                    <label for="key">"Public key that came with this JWT"</label>
                    <textarea
                        id="key"
                        class="drop small"
                        rows="4"
                        spellcheck="false"
                        autocomplete="off"
                        placeholder="-----BEGIN PUBLIC KEY-----"
                        aria-describedby="key-help"
                        prop:value=key
                        on:input=move |event| key.set(text_of(&event))
                    ></textarea>
                    <small id="key-help" class="soft">"With the key, the signature can be checked here."</small>
                </div>
            </Show>
            <Report checked=shown state />
            <Show when=move || is_comparing.get()>
                <Compared new=shown old=other />
            </Show>
            <p class="soft noprint">
                <small>
                    {move || {
                        shown.track();
                        requests()
                    }}
                </small>
            </p>
        </div>
    }
}

/// What one can do with a bundle besides looking at it.
#[component]
fn Actions(
    /// The page's state.
    state: State,
    /// What is being looked at.
    shown: Memo<Option<state::Checked>>,
    /// The box, to go back to.
    area: NodeRef<html::Textarea>,
) -> impl IntoView {
    let State { input, is_comparing, .. } = state;
    let is_blank = move || input.with(|input| input.trim_ascii().is_empty());
    let clear = move |_| {
        state.clear();
        if let Some(area) = area.get_untracked() {
            // A box that cannot be focused is no reason to stop.
            let _ = area.focus();
        }
    };
    view! {
        <div class="row noprint">
            <label class="btn quiet file">
                "Choose a file"
                <input
                    type="file"
                    class="visually-hidden"
                    accept=".json,.txt,.jwt,application/json,text/plain"
                    on:change=move |event| browser::chosen(&event, move |bytes| state.take(input, bytes))
                />
            </label>
            <button
                type="button"
                class="btn quiet"
                aria-expanded=move || is_comparing.get().to_string()
                on:click=move |_| is_comparing.update(|is| *is = !*is)
            >
                "Compare with the current one"
            </button>
            <button type="button" class="btn quiet" disabled=is_blank on:click=move |_| state.copy_summary(shown)>
                "Copy summary"
            </button>
            <button type="button" class="btn quiet" disabled=is_blank on:click=move |_| print()>
                "Print"
            </button>
            <button type="button" class="btn quiet" disabled=move || is_blank() && !is_comparing.get() on:click=clear>
                "Clear"
            </button>
        </div>
    }
}
