//! What all clones of a server share.

use crate::era::REVISIONS;
use crate::list::Lists;
use crate::offer::Offer;
use crate::parameter::Parameters;
use crate::places::Places;
use crate::session::Sessions;
use crate::settings::Settings;
use crate::used::Used;
use diptych_pipeline::{Engine, MountLimits};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) offer: Offer,
    /// The path of its mount; empty for the server itself. Cursors and sealed states are bound to it.
    pub(crate) place: Arc<str>,
    /// How often its operations may be called here.
    pub(crate) limits: MountLimits,
    pub(crate) settings: Settings,
    pub(crate) lists: Lists,
    pub(crate) parameters: Parameters,
    pub(crate) sessions: Sessions,
    /// What clients brought back already.
    pub(crate) used: Used,
    /// A place for each subscription stream.
    pub(crate) listeners: Places,
    /// A place for each call that waits for answers to what it asked; it keeps its arguments meanwhile.
    pub(crate) questions: Places,
    /// Cancelled when the server stops: streams end.
    pub(crate) closing: CancellationToken,
    /// The server's `Implementation`, by revision.
    pub(crate) implementation: [String; REVISIONS.len()],
}
