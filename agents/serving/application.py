"""The endpoint: OpenAI's paths over a company of personas."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi import Request as Call
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response

from persllm.agents.serving.answers import AnswerFormat, ChatAnswer, model_list, model_row
from persllm.agents.serving.asked import Asked, messages_of, read_asked
from persllm.agents.serving.body import read_body
from persllm.agents.serving.faults import Fault
from persllm.agents.serving.hanging_up import CLOSED_BY_CLIENT, ClientGone, Streamed, unless_gone
from persllm.agents.serving.limits import Access, Limits
from persllm.agents.serving.measures import new_measures
from persllm.agents.serving.responses import ResponsesAnswer, read_response_wanted
from persllm.agents.serving.service import Service
from persllm.agents.serving.users import User, user_of
from persllm.agents.serving.voices import Company

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
MODELS, TOKENIZE = "/v1/models", "/tokenize"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def build_application(
    company: Company, *, limits: Limits | None = None, access: Access | None = None
) -> FastAPI:
    """Return the application; its state holds the `Service`.

    Raises:
        ServeError: prometheus-client is not installed.
    """
    limits, access = limits or Limits(), access or Access()
    service = Service(company, limits, new_measures(company.engine))
    created = int(time.time())

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.stop()

    app = FastAPI(title="persllm", lifespan=life, openapi_url=None)
    app.state.service = service
    _handle_faults(app, service)
    if access.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(access.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
        )

    @app.get("/health")
    async def health() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get("/ready")
    async def ready() -> Response:
        told = {"status": "stopping" if service.draining else "ready"}
        return JSONResponse(told, 503 if service.draining else 200)

    @app.get("/metrics")
    async def metrics() -> Response:
        return PlainTextResponse(service.measures.page(), media_type=METRICS_TYPE)

    @app.get(MODELS)
    async def models(call: Call) -> Response:
        _check_key(call, access)
        return JSONResponse(model_list(company, created))

    @app.get(MODELS + "/{name:path}")
    async def model(call: Call, name: str) -> Response:
        _check_key(call, access)
        return JSONResponse(model_row(company, name, company.voice(name), created))

    @app.post(CHAT)
    async def chat(call: Call) -> Response:
        _check_key(call, access)
        body = await read_body(call, most=limits.body_bytes)
        asked = _checked(call, company, read_asked(body, who=_who(call)), limits)
        answer = ChatAnswer(asked.model, with_usage=asked.with_usage)
        return await _answer(service, asked, answer, call)

    @app.post(RESPONSES)
    async def responses(call: Call) -> Response:
        _check_key(call, access)
        body = await read_body(call, most=limits.body_bytes)
        wanted = read_response_wanted(body, who=_who(call))
        asked = _checked(call, company, wanted, limits)
        return await _answer(service, asked, ResponsesAnswer(asked), call)

    @app.post(TOKENIZE)
    async def tokenize(call: Call) -> Response:
        _check_key(call, access)
        messages = messages_of(await read_body(call, most=limits.body_bytes))
        count = await service.count_tokens(messages)
        return JSONResponse({"count": count, "max_model_len": company.engine.context})

    for path, method in ((CHAT, "POST"), (RESPONSES, "POST"), (TOKENIZE, "POST"), (MODELS, "GET")):
        _answer_options(app, path, f"{method}, OPTIONS")

    return app


def _checked(call: Call, company: Company, asked: Asked, limits: Limits) -> Asked:
    """Return the request as it may be answered; counters learn who was asked."""
    company.voice(asked.model)
    call.state.model = asked.model
    return company.checked(asked, most=limits.max_tokens)


async def _answer(service: Service, asked: Asked, answer: AnswerFormat, call: Call) -> Response:
    if service.draining:
        raise Fault(503, "the server is stopping; ask again later", code="stopping", retry_after=5)
    if not asked.stream:
        work = service.whole(asked, answer)
        response: Response = JSONResponse(await unless_gone(call.receive, work))
    else:
        opened = await unless_gone(call.receive, service.open(asked))
        response = Streamed(service.events(opened, answer))
    service.measures.requests.labels(asked.model, "200").inc()
    return response


def _answer_options(app: FastAPI, path: str, allowed: str) -> None:
    @app.options(path)
    async def options() -> Response:
        return Response(status_code=204, headers={"Allow": allowed})


def _check_key(call: Call, access: Access) -> None:
    """Refuse who has no key.

    Raises:
        Fault: The key is missing or wrong.
    """
    if not access.keys:
        return
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    digest = hashlib.sha256(given.strip().encode()).digest()
    known = [hashlib.sha256(key.encode()).digest() for key in access.keys]
    if scheme.lower() != "bearer" or not any([hmac.compare_digest(digest, key) for key in known]):
        raise Fault(
            401, "send a key of this server: 'Authorization: Bearer KEY'", code="invalid_api_key"
        )


def _who(call: Call) -> Callable[[str], User]:
    return lambda field: user_of(call.headers, field=field)


def _handle_faults(app: FastAPI, service: Service) -> None:
    def told(call: Call, fault: Fault) -> Response:
        model: Any = getattr(call.state, "model", "")
        service.measures.requests.labels(model, str(fault.status)).inc()
        return JSONResponse(fault.body, fault.status, fault.headers)

    @app.exception_handler(Fault)
    async def refused(call: Call, fault: Fault) -> Response:
        return told(call, fault)

    @app.exception_handler(ClientGone)
    async def gone(call: Call, _: ClientGone) -> Response:
        return told(call, Fault(CLOSED_BY_CLIENT, "the client hung up", code="hung_up"))

    @app.exception_handler(HTTPException)
    async def no_such_path(call: Call, error: HTTPException) -> Response:
        message = f"{call.method} {call.url.path}: {error.detail}"
        return told(call, Fault(error.status_code, message, code="no_such_path"))

    @app.exception_handler(Exception)
    async def broken(call: Call, error: Exception) -> Response:
        return told(call, Fault(500, f"a fault of the server: {type(error).__name__}", code="bug"))
