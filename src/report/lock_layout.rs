//! Where everything is in the picture of an order of locks (`lock_drawing`).
//!
//! It is laid out in layers, after Sugiyama, Tagawa and Toda (1981): arrows that close a circle are turned for the time
//! being, a lock is one layer below the lowest that lead to it (longest path), and between two layers of locks there is
//! one of labels. What passes a layer has a place in it like a lock, so that nothing runs into anything. Places are ordered by
//! the mean of their neighbours, as often as that makes fewer crossings, and then moved below each other as far as they
//! fit (by pooling those that push each other, as in isotonic regression).

use super::lock_graph::{Arrow, LockGraph};
use super::names::short;

/// The room beside each other.
const APART: f64 = 22.0;
/// How far a loop stands out.
pub(super) const LOOP: f64 = 30.0;
/// How wide letters are, about.
pub(super) const LARGE: f64 = 7.4;
pub(super) const SMALL: f64 = 6.2;

/// Something that takes room in a layer: a lock, a label, or an arrow that passes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) what: What,
    /// How far it reaches from its `x`.
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) x: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    Lock(usize),
    Label,
    Passing,
}

/// Where something is pulled to, and how strongly.
#[derive(Clone, Copy, Debug)]
struct Pull {
    x: f64,
    weight: f64,
}

impl Pull {
    fn and(self, other: Pull) -> Pull {
        let weight = self.weight + other.weight;
        let sum = self.x * self.weight + other.x * other.weight;
        Pull { x: if weight > 0.0 { sum / weight } else { self.x }, weight }
    }
}

/// The places of a graph, in layers from top to bottom.
pub(super) struct Layout {
    pub(super) places: Vec<Place>,
    pub(super) layers: Vec<Vec<usize>>,
    /// With which places each is connected, in the layer above it and in that below.
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    /// Of each arrow the places that it goes through, from top to bottom, and whether it goes up.
    pub(super) ways: Vec<(Vec<usize>, bool)>,
}

impl LockGraph {
    /// The layer of each lock, from 0. Of arrows that close a circle those are turned that a search from the first lock
    /// finds.
    fn layers(&self) -> Vec<usize> {
        let mut state = vec![0u8; self.nodes.len()];
        let mut order = Vec::new();
        for node in 0..self.nodes.len() {
            self.finish(node, &mut state, &mut order);
        }
        order.reverse();
        let mut position = vec![0; self.nodes.len()];
        for (at, &node) in order.iter().enumerate() {
            position[node] = at;
        }
        let mut layers = vec![0; self.nodes.len()];
        for &node in &order {
            for arrow in self.arrows.iter().filter(|arrow| arrow.from != arrow.to) {
                let (from, to) = (arrow.from, arrow.to);
                let (above, below) = if position[from] < position[to] { (from, to) } else { (to, from) };
                if above == node {
                    layers[below] = layers[below].max(layers[node] + 1);
                }
            }
        }
        layers
    }

    fn finish(&self, node: usize, state: &mut [u8], order: &mut Vec<usize>) {
        if std::mem::replace(&mut state[node], 1) != 0 {
            return;
        }
        // The first one to the left: what is finished last comes first.
        for arrow in self.arrows.iter().rev().filter(|arrow| arrow.from == node) {
            self.finish(arrow.to, state, order);
        }
        order.push(node);
    }
}

pub(super) fn width(text: &str, letter: f64) -> f64 {
    text.chars().count() as f64 * letter
}

/// The lines of a label.
pub(super) fn lines(arrow: &Arrow) -> [String; 2] {
    [arrow.thread.clone(), short(&arrow.taken_at)]
}

fn label_width(arrow: &Arrow) -> f64 {
    lines(arrow).iter().map(|line| width(line, SMALL)).fold(0.0, f64::max)
}

impl Layout {
    pub(super) fn of(graph: &LockGraph) -> Layout {
        let mut layout = Layout::new(graph);
        layout.order();
        layout.align();
        layout
    }

    fn new(graph: &LockGraph) -> Layout {
        let layer_of = graph.layers();
        let count = layer_of.iter().max().map_or(0, |last| 2 * last + 1);
        let mut layout = Layout {
            places: Vec::new(),
            layers: vec![Vec::new(); count],
            above: Vec::new(),
            below: Vec::new(),
            ways: Vec::new(),
        };
        for (number, (name, made_at)) in graph.nodes.iter().enumerate() {
            let half = width(name, LARGE).max(width(&short(made_at), SMALL)) / 2.0 + 12.0;
            let own = graph.arrows.iter().find(|arrow| arrow.from == number && arrow.to == number);
            let right = half + own.map_or(0.0, |arrow| LOOP + 6.0 + label_width(arrow));
            layout.add(2 * layer_of[number], Place { what: What::Lock(number), left: half, right, x: 0.0 });
        }
        for arrow in &graph.arrows {
            let (from, to) = (layer_of[arrow.from], layer_of[arrow.to]);
            let goes_up = from > to;
            let mut way = Vec::new();
            if from != to {
                let (above, below) = if goes_up { (arrow.to, arrow.from) } else { (arrow.from, arrow.to) };
                way.push(above);
                let (first, last) = (2 * from.min(to) + 1, 2 * from.max(to) - 1);
                // An odd layer, which has the labels.
                let middle = ((first + last) / 2) | 1;
                for layer in first..=last {
                    let (what, right) = match layer == middle {
                        true => (What::Label, label_width(arrow) + 8.0),
                        false => (What::Passing, 2.0),
                    };
                    way.push(layout.add(layer, Place { what, left: 4.0, right, x: 0.0 }));
                }
                way.push(below);
            }
            for pair in way.windows(2) {
                layout.below[pair[0]].push(pair[1]);
                layout.above[pair[1]].push(pair[0]);
            }
            layout.ways.push((way, goes_up));
        }
        layout
    }

    fn add(&mut self, layer: usize, place: Place) -> usize {
        self.places.push(place);
        self.above.push(Vec::new());
        self.below.push(Vec::new());
        self.layers[layer].push(self.places.len() - 1);
        self.places.len() - 1
    }

    /// Orders each layer so that few arrows cross.
    fn order(&mut self) {
        let mut best = (self.crossings(), self.layers.clone());
        for round in 0..16 {
            let down = round % 2 == 0;
            for step in 1..self.layers.len() {
                let layer = if down { step } else { self.layers.len() - 1 - step };
                let position = self.positions();
                let mean = |place: usize| {
                    let near = if down { &self.above[place] } else { &self.below[place] };
                    let sum: usize = near.iter().map(|&near| 1_000_000 * position[near]).sum();
                    sum.checked_div(near.len()).unwrap_or(1_000_000 * position[place])
                };
                let mut places = self.layers[layer].clone();
                places.sort_by_key(|&place| mean(place));
                self.layers[layer] = places;
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.layers.clone());
            }
        }
        self.layers = best.1;
    }

    fn positions(&self) -> Vec<usize> {
        let mut positions = vec![0; self.places.len()];
        for layer in &self.layers {
            for (at, &place) in layer.iter().enumerate() {
                positions[place] = at;
            }
        }
        positions
    }

    fn crossings(&self) -> usize {
        let position = self.positions();
        let crosses = |layer: &Vec<usize>| {
            let links: Vec<(usize, usize)> = layer
                .iter()
                .flat_map(|&upper| self.below[upper].iter().map(move |&lower| (upper, lower)))
                .map(|(upper, lower)| (position[upper], position[lower]))
                .collect();
            let pairs = links
                .iter()
                .enumerate()
                .flat_map(|(at, &one)| links[..at].iter().map(move |&two| (one, two)));
            pairs
                .filter(|(one, two)| (one.0 < two.0 && one.1 > two.1) || (one.0 > two.0 && one.1 < two.1))
                .count()
        };
        self.layers.iter().map(crosses).sum()
    }

    /// Moves places below their neighbours, as far as they fit beside each other.
    fn align(&mut self) {
        for round in 0..300 {
            for step in 0..self.layers.len() {
                let layer = if round % 2 == 0 { step } else { self.layers.len() - 1 - step };
                let wanted = |place: usize| {
                    let near = self.above[place].iter().chain(&self.below[place]);
                    near.fold(Pull { x: 0.0, weight: 0.0 }, |pull, &near| {
                        pull.and(Pull { x: self.places[near].x, weight: self.weight(place, near) })
                    })
                };
                let places = self.layers[layer].clone();
                let wanted: Vec<Pull> = places.iter().map(|&place| wanted(place)).collect();
                for (place, x) in places.iter().zip(self.fit(&places, &wanted)) {
                    self.places[*place].x = x;
                }
            }
        }
    }

    /// How much two that are connected want to be below each other: an arrow that passes layers is to be straight.
    fn weight(&self, one: usize, two: usize) -> f64 {
        let is_lock = |place: usize| matches!(self.places[place].what, What::Lock(_));
        if is_lock(one) || is_lock(two) { 1.0 } else { 8.0 }
    }

    /// The positions nearest to those that are wanted at which neighbours do not overlap.
    fn fit(&self, places: &[usize], wanted: &[Pull]) -> Vec<f64> {
        // Where each would be if all stood as near as they can.
        let mut offset = 0.0;
        let mut offsets = Vec::new();
        for (at, &place) in places.iter().enumerate() {
            if at > 0 {
                offset += self.places[places[at - 1]].right + APART + self.places[place].left;
            }
            offsets.push(offset);
        }
        // Blocks of places that push each other: how many, and where they want to be.
        let mut blocks: Vec<(usize, Pull)> = Vec::new();
        for (wanted, offset) in wanted.iter().zip(&offsets) {
            let mut block = (1, Pull { x: wanted.x - offset, ..*wanted });
            while let Some(&(count, pull)) = blocks.last().filter(|(_, pull)| pull.x > block.1.x) {
                block = (count + block.0, pull.and(block.1));
                blocks.pop();
            }
            blocks.push(block);
        }
        let starts = blocks.iter().flat_map(|&(count, pull)| std::iter::repeat_n(pull.x, count));
        starts.zip(offsets).map(|(start, offset)| start + offset).collect()
    }

    /// Where an arrow meets a lock from above or below: they are spread along it, in the order of where they come from.
    pub(super) fn port(&self, arrow: usize, lock: usize, above: bool) -> f64 {
        let mut ends: Vec<(f64, usize)> = Vec::new();
        for (number, (way, _)) in self.ways.iter().enumerate() {
            match (way.first(), way.last()) {
                (_, Some(&last)) if above && last == lock => {
                    ends.push((self.places[way[way.len() - 2]].x, number));
                }
                (Some(&first), _) if !above && first == lock => ends.push((self.places[way[1]].x, number)),
                _ => {}
            }
        }
        ends.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        let at = ends.iter().position(|&(_, number)| number == arrow).unwrap_or(0);
        let Place { left, x, .. } = self.places[lock];
        x - left + 2.0 * left * (at + 1) as f64 / (ends.len() + 1) as f64
    }
}
