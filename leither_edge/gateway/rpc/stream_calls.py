"""Procedures on streams: records in a row, each at its offset."""

from .declared import calls
from .json_text import Binary

TABLE = {}
call = calls(TABLE)

RECORDS_MAX = 1000
READ_MAX_BYTES = 1 << 20


@call("StreamAppend", "mmsid:opened *records:bytes", "int", "Appends records; gives the offset of the first.")
def append(at, opened, *records):
    return opened.stream.append(records)


@call("StreamRead", "mmsid:opened offset:int=0 count:int=100", "object[]", "Reads records from an offset on, a megabyte at most.")
def read(at, opened, offset, count):
    found, size = [], 0
    for position, record in opened.stream.read(offset, min(max(1, count), RECORDS_MAX)):
        found.append({"offset": position, "data": Binary(record)})
        size += len(record)
        if size >= READ_MAX_BYTES:
            break
    return found


@call("StreamLen", "mmsid:opened", "int", "How many records there are.")
def length(at, opened):
    return opened.stream.length()
