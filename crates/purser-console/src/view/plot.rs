//! What all charts have in common: their axes of money, their frame, and their way into a page.
//! Invariant: names are text to the chart library, and a figure cannot end the script element that carries it.

use plotly::common::HoverInfo;
use plotly::configuration::DisplayModeBar;
use plotly::layout::{Axis, AxisType, BarMode, DragMode, HoverMode, Layout, Margin};
use plotly::{Bar, Configuration, Plot};
use purser_domain::money::{Money, PICO_PER_USD};

use super::amount;

/// The figure as the chart library reads it, safe inside a script element.
#[must_use]
pub(crate) fn json(mut plot: Plot, mode: BarMode, x_axis: Axis, y_axis: Axis) -> String {
    let layout = Layout::new()
        .bar_mode(mode)
        .show_legend(false)
        .hover_mode(HoverMode::XUnified)
        .drag_mode(DragMode::False)
        .margin(Margin::new().left(8).right(4).top(8).bottom(32))
        .x_axis(x_axis)
        .y_axis(y_axis);
    plot.set_layout(layout);
    plot.set_configuration(
        Configuration::new().responsive(true).display_mode_bar(DisplayModeBar::False).typeset_math(false),
    );
    // `<` could end the script element that carries the figure.
    plot.to_json().replace('<', "\\u003c")
}

/// An axis of dollars that reach up to `highest`.
#[must_use]
pub(crate) fn money_axis(highest: Money) -> Axis {
    Axis::new().fixed_range(true).tick_prefix("$").tick_format(tick_format(highest)).n_ticks(5).auto_margin(true)
}

/// An axis of a few names.
#[must_use]
pub(crate) fn name_axis() -> Axis {
    Axis::new().type_(AxisType::Category).fixed_range(true).show_grid(false).spike_thickness(1).auto_margin(true)
}

/// One series of bars, an amount of money over each label.
#[must_use]
pub(crate) fn bars(name: &str, labels: &[String], costs: &[Money]) -> Box<Bar<String, f64>> {
    let texts = costs.iter().map(|cost| amount::money(*cost).text).collect();
    Bar::new(labels.iter().map(|label| escaped(label)).collect(), costs.iter().map(|cost| height(*cost)).collect())
        .name(escaped(name))
        .hover_text_array(texts)
        .hover_info(HoverInfo::Text)
        .hover_template("%{fullData.name}  %{hovertext}<extra></extra>")
}

/// A bar's height in dollars. The only place where money becomes a float: pixels need no more.
#[must_use]
pub(crate) fn height(cost: Money) -> f64 {
    cost.pico() as f64 / PICO_PER_USD as f64
}

/// Enough decimals that neighbouring labels of the money axis differ.
fn tick_format(highest: Money) -> &'static str {
    match highest.pico() / (PICO_PER_USD / 1_000) {
        10_000.. => ",.0f",
        100.. => ",.2f",
        1.. => ",.4f",
        _ => ".1e",
    }
}

/// The chart library reads a few tags in names: a model's name is text, whatever it holds.
#[must_use]
pub(crate) fn escaped(name: &str) -> String {
    name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
