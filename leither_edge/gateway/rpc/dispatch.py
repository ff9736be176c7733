"""Messages in, messages out: requests, notifications and batches of JSON-RPC 2.0."""

from leither_edge.mimei.errors import MimeiError
from leither_edge.storage import StorageError

from .errors import ANSWER_FULL, INTERNAL, INVALID_REQUEST, NO_METHOD, PARSE, QUOTA, RpcError, code_of
from .json_text import JsonError, parse, to_text
from .types import read

BATCH_MAX = 100
# Beyond it the rest of a batch is refused before it is run.
ANSWER_MAX_BYTES = 4 << 20
NAME_MAX = 64
ID_MAX = 256


class Dispatcher:
    """Answers messages of one node.

    Args: table ({name: Procedure}); counters with ``add(name, **labels)``; log with ``error(event, **fields)``.
    """

    def __init__(self, table, counters, log):
        self._table = table
        self._counters = counters
        self._log = log

    async def answer(self, message, at):
        """The text of the answer to one message, None where none is due.

        Args: message (bytes or str), at (Caller: what a procedure is given first).
        """
        try:
            request = parse(message)
        except JsonError as error:
            return to_text(self._refusal(None, PARSE, str(error), "parse"))
        if type(request) is not list:
            answer = await self._one(request, at)
            return None if answer is None else self._text(answer)
        if not request or len(request) > BATCH_MAX:
            return to_text(self._refusal(None, INVALID_REQUEST, f"A batch has 1 to {BATCH_MAX} requests.", "batch"))
        parts, size = [], 0
        for one in request:
            answer = await self._one(one, at, size >= ANSWER_MAX_BYTES)
            if answer is not None:
                parts.append(self._text(answer))
                size += len(parts[-1])
        return f"[{','.join(parts)}]" if parts else None

    async def _one(self, request, at, is_full=False):
        """The answer to one request as an object, None to a notification."""
        if type(request) is not dict or request.get("jsonrpc") != "2.0" or type(request.get("method")) is not str:
            return self._refusal(None, INVALID_REQUEST, 'A request has jsonrpc "2.0" and a method.', "request")
        number = request.get("id")
        # A bool is an int to Python, not to JSON.
        if number is not None and type(number) not in (str, int, float) or type(number) is str and len(number) > ID_MAX:
            return self._refusal(None, INVALID_REQUEST, "The id of a request is a short text, a number or null.", "request")
        if is_full:
            answer = self._refusal(number, ANSWER_FULL, "The answers to this batch are too large already. Ask for less at once.", "full")
        else:
            answer = await self._call(request["method"], request.get("params"), number, at)
        return answer if "id" in request else None

    async def _call(self, name, params, number, at):
        procedure = self._table.get(name)
        if procedure is None:
            return self._refusal(number, NO_METHOD, f"There is no method {name[:NAME_MAX]}. rpc.discover names all.", "method")
        try:
            arranged = procedure.arranged(params)
            arguments = []
            for parameter, given in zip(procedure.parameters, arranged, strict=True):
                if parameter.takes_rest:
                    arguments.extend(read(at, parameter.type, part) for part in given)
                else:
                    # A default is written as an argument would be, but null stands for nothing.
                    is_nothing = given is None and not parameter.is_required and parameter.default is None
                    arguments.append(None if is_nothing and parameter.type != "session" else read(at, parameter.type, given))
            if procedure.is_async:
                result = await procedure.function(at, *arguments)
            else:
                result = await at.in_thread(procedure.function, at, *arguments)
        except RpcError as error:
            return self._refusal(number, error.code, str(error), error.word)
        except MimeiError as error:
            return self._refusal(number, code_of(error), str(error), error.code)
        except StorageError as error:
            self._log.error("rpc-storage", method=name, sentence=str(error))
            return self._refusal(number, QUOTA, str(error), "storage")
        except Exception as error:
            return self._failed(name, number, error)
        self._counters.add("rpc_calls")
        return {"jsonrpc": "2.0", "id": number, "result": result}

    def _text(self, answer):
        try:
            return to_text(answer)
        except (TypeError, ValueError, RecursionError) as error:
            return to_text(self._failed("answer", answer.get("id"), error))

    def _failed(self, name, number, error):
        """Not the message of the exception: it may quote what a person typed."""
        trace, place = error.__traceback__, ""
        while trace is not None:
            place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
            trace = trace.tb_next
        self._log.error("rpc-failure", method=name, type=type(error).__name__, place=place)
        return self._refusal(number, INTERNAL, "The node could not do this because of an internal error. Its log says more.", "internal")

    def _refusal(self, number, code, sentence, word):
        self._counters.add("rpc_refusals", code=word)
        return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": sentence, "data": {"code": word}}}
