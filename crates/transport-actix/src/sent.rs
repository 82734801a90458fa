//! The last thing that happens to every answer.

use crate::{
    challenge,
    edge::{body, headers},
    shared::Shared,
};
use actix_web::{HttpRequest, HttpResponse, http::ConnectionType, web::Payload};
use std::sync::atomic::Ordering;

impl Shared {
    /// An answer to what was sent to an endpoint, about to be sent.
    pub(crate) fn sent(
        &self,
        mut response: HttpResponse,
        endpoint: &str,
        request: &HttpRequest,
        rest: Payload,
    ) -> HttpResponse {
        headers::dress(self, request, response.headers_mut());
        #[cfg(feature = "compression")]
        let response = crate::edge::compress::encoded(&self.settings, request, response);
        let mut response = body::held(response, request, rest);
        challenge::complete(&*self.authenticator, endpoint, &mut response);
        if self.closing.load(Ordering::Relaxed) {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    }
}
