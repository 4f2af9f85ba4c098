//! The order of locks as a picture, in SVG, in the colours that the browser prefers.

use std::fmt::Write as _;

use super::lock_graph::{Arrow, LockGraph};
use super::lock_layout::{LOOP, Layout, Place, SMALL, What, lines, width};
use super::names::short;

/// The height of a lock's box, of a label, and of the room between layers, in pixels.
const BOX_HEIGHT: f64 = 44.0;
const LABEL_HEIGHT: f64 = 28.0;
const GAP: f64 = 28.0;
/// The room around all.
const MARGIN: f64 = 20.0;

const STYLE: &str = "\
    svg { --ink: #1f2328; --faint: #59636e; --box: #f6f8fa; --paper: #ffffff; --cycle: #cf222e }
    @media (prefers-color-scheme: dark) {
      svg { --ink: #e6edf3; --faint: #9198a1; --box: #21262d; --paper: #0d1117; --cycle: #ff7b72 }
    }
    text { font: 11px system-ui, sans-serif; fill: var(--faint) }
    .name { font-size: 13px; fill: var(--ink) }
    .paper { fill: var(--paper) }
    .lock { fill: var(--box); stroke: var(--faint) }
    .arrow { fill: none; stroke: var(--faint); stroke-width: 1.5 }
    .head { fill: var(--faint) }
    .cycle.arrow { stroke: var(--cycle); stroke-width: 2 }
    .cycle.head, text.cycle { fill: var(--cycle) }
";

/// What an arrow's head and its line are called, if it is part of a cycle and if not.
const HEADS: [(&str, &str); 2] = [("cycle-head", "cycle "), ("head", "")];

struct Drawing<'a> {
    graph: &'a LockGraph,
    layout: Layout,
    /// The layer of each place.
    layer_of: Vec<usize>,
    /// How far all is moved to the right.
    shift: f64,
    svg: String,
}

impl LockGraph {
    /// As a picture for a browser. Arrows of a cycle are red.
    pub(crate) fn svg(&self) -> String {
        let layout = Layout::of(self);
        let mut layer_of = vec![0; layout.places.len()];
        for (number, layer) in layout.layers.iter().enumerate() {
            layer.iter().for_each(|&place| layer_of[place] = number);
        }
        let mut drawing = Drawing { graph: self, layout, layer_of, shift: 0.0, svg: String::new() };
        drawing.draw();
        drawing.svg
    }
}

/// Where a layer begins.
fn top(layer: usize) -> f64 {
    let labels = layer / 2;
    MARGIN + (layer - labels) as f64 * BOX_HEIGHT + labels as f64 * LABEL_HEIGHT + layer as f64 * GAP
}

impl Drawing<'_> {
    fn draw(&mut self) {
        let caption = match self.graph.arrows.iter().any(|arrow| arrow.in_cycle) {
            true => {
                "An arrow leads from a lock to one that was taken while it was held. Red ones are a circle."
            }
            false => "An arrow leads from a lock to one that was taken while it was held.",
        };
        let places = &self.layout.places;
        let least = places.iter().map(|place| place.x - place.left).fold(f64::MAX, f64::min);
        let most = places.iter().map(|place| place.x + place.right).fold(f64::MIN, f64::max);
        let inner = (most - least).max(width(caption, SMALL));
        self.shift = MARGIN - least + (inner - (most - least)) / 2.0;
        let wide = inner + 2.0 * MARGIN;
        let high = top(self.layout.layers.len()) + MARGIN;
        self.begin(wide, high);
        for number in 0..self.graph.arrows.len() {
            self.arrow(number);
        }
        for place in 0..self.layout.places.len() {
            if let Place { what: What::Lock(lock), left, .. } = self.layout.places[place] {
                self.lock(place, lock, left);
            }
        }
        let _ = writeln!(
            self.svg,
            "  <text x=\"{MARGIN:.1}\" y=\"{:.1}\">{caption}</text>\n</svg>",
            high - MARGIN + 4.0
        );
    }

    fn begin(&mut self, wide: f64, high: f64) {
        let _ = write!(
            self.svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide:.0} {high:.0}\" width=\"{wide:.0}\" \
             height=\"{high:.0}\">\n  <style>\n{STYLE}  </style>\n  <defs>\n"
        );
        for (id, class) in HEADS {
            let _ = writeln!(
                self.svg,
                "    <marker id=\"{id}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
                 markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"{class}head\" d=\"M0,0 L8,4 L0,8 z\"/></marker>"
            );
        }
        self.svg += "  </defs>\n  <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n";
    }

    fn x(&self, place: usize) -> f64 {
        self.layout.places[place].x + self.shift
    }

    fn arrow(&mut self, number: usize) {
        let graph = self.graph;
        let arrow = &graph.arrows[number];
        let (line, label) = if arrow.from == arrow.to { self.own_loop(arrow) } else { self.way(number) };
        let (head, class) = HEADS[usize::from(!arrow.in_cycle)];
        let _ =
            writeln!(self.svg, "  <path class=\"{class}arrow\" marker-end=\"url(#{head})\" d=\"{line}\"/>");
        let title = escaped(&format!("{} at {}", arrow.thread, arrow.taken_at));
        let _ = write!(self.svg, "  <text class=\"{}\"><title>{title}</title>", class.trim_end());
        let (left, upper) = label;
        for (text, y) in lines(arrow).iter().zip([upper + 11.0, upper + 24.0]) {
            let text = escaped(text);
            let _ = write!(self.svg, "<tspan x=\"{left:.1}\" y=\"{y:.1}\">{text}</tspan>");
        }
        self.svg += "</text>\n";
    }

    /// An arrow from a lock to itself, which stands out to the right; and where its label is.
    fn own_loop(&self, arrow: &Arrow) -> (String, (f64, f64)) {
        let right = self.x(arrow.from) + self.layout.places[arrow.from].left;
        let middle = top(self.layer_of[arrow.from]) + BOX_HEIGHT / 2.0;
        let (from, to, out) = (middle - 10.0, middle + 10.0, right + 1.3 * LOOP);
        let line = format!("M{right:.1},{from:.1} C{out:.1},{from:.1} {out:.1},{to:.1} {right:.1},{to:.1}");
        (line, (right + LOOP + 2.0, middle - LABEL_HEIGHT / 2.0))
    }

    /// An arrow from layer to layer; and where its label is.
    fn way(&self, number: usize) -> (String, (f64, f64)) {
        let (way, goes_up) = &self.layout.ways[number];
        let mut label = (0.0, 0.0);
        let mut points: Vec<(f64, f64)> = Vec::new();
        for (at, &place) in way.iter().enumerate() {
            let (x, upper) = (self.x(place), top(self.layer_of[place]));
            match self.layout.places[place].what {
                What::Lock(_) if at == 0 => {
                    points.push((self.layout.port(number, place, false) + self.shift, upper + BOX_HEIGHT));
                }
                What::Lock(_) => points.push((self.layout.port(number, place, true) + self.shift, upper)),
                What::Label => {
                    label = (x + 8.0, upper);
                    points.extend([(x, upper), (x, upper + LABEL_HEIGHT)]);
                }
                What::Passing => {
                    let is_label = self.layer_of[place] % 2 == 1;
                    let height = if is_label { LABEL_HEIGHT } else { BOX_HEIGHT };
                    points.push((x, upper + height / 2.0));
                }
            }
        }
        if *goes_up {
            points.reverse();
        }
        (curve(&points), label)
    }

    fn lock(&mut self, place: usize, lock: usize, half: f64) {
        let (name, made_at) = &self.graph.nodes[lock];
        let (upper, middle) = (top(self.layer_of[place]), self.x(place));
        let _ = writeln!(
            self.svg,
            "  <rect class=\"lock\" x=\"{:.1}\" y=\"{upper:.1}\" width=\"{:.1}\" height=\"{BOX_HEIGHT}\" rx=\"6\"/>\n  \
             <text text-anchor=\"middle\"><title>{}</title><tspan class=\"name\" x=\"{middle:.1}\" y=\"{:.1}\">{}</tspan>\
             <tspan x=\"{middle:.1}\" y=\"{:.1}\">{}</tspan></text>",
            middle - half,
            2.0 * half,
            escaped(&made_at.to_string()),
            upper + 19.0,
            escaped(name),
            upper + 35.0,
            escaped(&short(made_at)),
        );
    }
}

/// A smooth line that turns back nowhere between its points, and is upright at its ends.
fn curve(points: &[(f64, f64)]) -> String {
    let slope = |at: usize| {
        let ((from_x, from_y), (to_x, to_y)) = (points[at], points[at + 1]);
        (to_x - from_x) / (to_y - from_y)
    };
    let tangent = |at: usize| match at {
        0 => 0.0,
        _ if at + 1 == points.len() => 0.0,
        _ if slope(at - 1) * slope(at) <= 0.0 => 0.0,
        _ if slope(at - 1).abs() < slope(at).abs() => slope(at - 1),
        _ => slope(at),
    };
    let mut path = String::new();
    for (at, &(to_x, to_y)) in points.iter().enumerate() {
        let Some(before) = at.checked_sub(1) else {
            let _ = write!(path, "M{to_x:.1},{to_y:.1}");
            continue;
        };
        let (from_x, from_y) = points[before];
        let bend = (to_y - from_y) / 2.0;
        let (first, second) = (from_x + bend * tangent(before), to_x - bend * tangent(at));
        let _ = write!(
            path,
            " C{first:.1},{:.1} {second:.1},{:.1} {to_x:.1},{to_y:.1}",
            from_y + bend,
            to_y - bend
        );
    }
    path
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
