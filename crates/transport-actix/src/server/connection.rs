//! What becomes of a connection: TLS if there is any, then HTTP/1.1 or HTTP/2.

use super::{
    activity::{Activity, Running},
    socket::Socket,
};
use crate::{edge::body, settings::HttpSettings};
use actix_http::{HttpService, Request, body::BoxBody, h1::H1Service};
use actix_service::{
    IntoServiceFactory as _, Service, ServiceFactory, ServiceFactoryExt as _, apply_fn_factory, fn_factory, fn_service,
    map_config,
};
use actix_web::{
    App, HttpResponse,
    dev::{AppConfig, ServiceResponse},
    rt::net::TcpStream,
    web::ServiceConfig,
};
use std::{io, net::SocketAddr, rc::Rc, sync::Arc, time::Duration};
use tokio_util::{either::Either, sync::CancellationToken};

/// The bytes of a connection, in the clear or encrypted.
pub(super) type Stream = Either<Socket, Encrypted>;

#[cfg(feature = "tls")]
type Encrypted = Box<tokio_rustls::server::TlsStream<Socket>>;
/// There is none.
#[cfg(not(feature = "tls"))]
type Encrypted = Socket;

/// The shortest time that actix waits for reliably.
const SHORTEST: Duration = Duration::from_secs(1);

fn activity(stream: &Stream) -> &Rc<Activity> {
    match stream {
        Either::Left(socket) => socket.activity(),
        #[cfg(feature = "tls")]
        Either::Right(stream) => stream.get_ref().0.activity(),
        #[cfg(not(feature = "tls"))]
        Either::Right(socket) => socket.activity(),
    }
}

/// What every connection of a listener is served with.
#[derive(Clone)]
pub(super) struct Serving {
    pub(super) settings: Arc<HttpSettings>,
    /// From now on no request is begun.
    pub(super) stopping: CancellationToken,
}

/// The service of one worker for all of its connections.
pub(super) fn worker<M, F>(
    serving: Serving,
    app: M,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()>
where
    M: Fn() -> F + 'static,
    F: ServiceFactory<Request, Config = (), Response = ServiceResponse, Error = HttpResponse, InitError = ()> + 'static,
    F::Service: 'static,
    F::Future: 'static,
{
    fn_factory(move || {
        // A token of the worker's own: every poll of a connection locks it.
        let (settings, stopping) = (Arc::clone(&serving.settings), serving.stopping.child_token());
        let serving = Serving { settings, stopping };
        let http1 = http1(&serving, app()).new_service(());
        #[cfg(feature = "http2")]
        let http2 = app().new_service(());
        async move {
            let http1 = Rc::new(http1.await?);
            #[cfg(feature = "http2")]
            let http2 = Rc::new(http2.await?);
            Ok(fn_service(move |stream: TcpStream| {
                let (serving, http1) = (serving.clone(), Rc::clone(&http1));
                #[cfg(feature = "http2")]
                let http2 = Rc::clone(&http2);
                async move {
                    let peer = stream.peer_addr().ok();
                    // Without it the last part of an answer waits for the client's acknowledgement.
                    let _ = stream.set_nodelay(true);
                    let socket = Socket::new(stream, &serving.settings);
                    match open(&serving.settings, socket).await {
                        Ok((stream, false)) => {
                            activity(&stream).is_watched.set(true);
                            http1.call((stream, peer)).await.map_err(drop)
                        }
                        #[cfg(feature = "http2")]
                        Ok((stream, true)) => {
                            super::http2::serve(&serving, stream, peer, &*http2).await;
                            Ok(())
                        }
                        #[cfg(not(feature = "http2"))]
                        Ok((_, true)) => Ok(()),
                        // The client went away, was too slow, or spoke something else.
                        Err(_) => Ok(()),
                    }
                }
            }))
        }
    })
}

fn http1<F>(
    serving: &Serving,
    app: F,
) -> impl ServiceFactory<
    (Stream, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = actix_http::error::DispatchError,
    InitError = (),
> + use<F>
where
    F: ServiceFactory<Request, Config = (), Response = ServiceResponse, Error = HttpResponse, InitError = ()> + 'static,
    F::Service: 'static,
    F::Future: 'static,
{
    let stopping = serving.stopping.clone();
    let app = apply_fn_factory(app, |request: Request, app: &F::Service| {
        let running = request.conn_data::<Rc<Activity>>().map(Running::begin);
        let answer = app.call(request);
        async move {
            let response: ServiceResponse = answer.await?;
            Ok(response.map_body(|_, body| body::holding(body, running)))
        }
    });
    let service: H1Service<Stream, _, BoxBody, _, _> = HttpService::build()
        .graceful_shutdown_signal(move || stopping.clone().cancelled_owned())
        // actix counts from a clock that is half a second behind, and forgets a timer that has ended when it is set.
        .keep_alive(serving.settings.keep_alive.max(SHORTEST))
        .client_request_timeout(serving.settings.head_deadline.max(SHORTEST))
        // Without it a connection is reset whose client still sends what is refused, and the answer may be lost (RFC 9112, section 9.6).
        .client_disconnect_timeout(SHORTEST)
        .on_connect_ext(|stream: &Stream, data| drop(data.insert(Rc::clone(activity(stream)))))
        // Without it a call goes on after its client has gone.
        .h1_allow_half_closed(false)
        .h1(app);
    service
}

/// Finds out what is spoken; says whether it is HTTP/2.
async fn open(settings: &HttpSettings, socket: Socket) -> io::Result<(Stream, bool)> {
    #[cfg(feature = "tls")]
    if let Some(tls) = &settings.tls {
        let stream = tokio::time::timeout(settings.head_deadline, tls.accept(socket)).await??;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        return Ok((Either::Right(Box::new(stream)), is_http2));
    }
    #[cfg(feature = "http2")]
    if settings.http2 {
        let mut socket = socket;
        let is_http2 = tokio::time::timeout(settings.head_deadline, socket.begins_http2()).await??;
        return Ok((Either::Left(socket), is_http2));
    }
    let _ = settings;
    Ok((Either::Left(socket), false))
}

/// What is served, as a service of actix.
pub(super) fn app<C>(
    local: crate::edge::local::Local,
    configure: C,
    otherwise: impl Fn(&mut ServiceConfig),
) -> impl ServiceFactory<Request, Config = (), Response = ServiceResponse, Error = HttpResponse, InitError = ()>
where
    C: FnOnce(&mut ServiceConfig),
{
    let app = App::new().app_data(local).configure(configure).configure(otherwise);
    map_config(app.into_factory().map_err(|error: actix_web::Error| error.error_response()), |()| AppConfig::default())
}
