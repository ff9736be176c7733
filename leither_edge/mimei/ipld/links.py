"""The links of a block, whatever its codec: what collecting, CAR files and fetching walk."""

from leither_edge.mimei.errors import BadBlock

from . import dag_cbor, dag_pb
from .cid import DAG_CBOR, DAG_PB, RAW, codec


def links(cid, data):
    """[label] in their order, repeats included. Raises BadBlock, also for a codec whose links are not known here."""
    kind = codec(cid)
    if kind == RAW:
        return []
    if kind == DAG_PB:
        return [link.cid for link in dag_pb.decode(data)[1]]
    if kind == DAG_CBOR:
        return dag_cbor.links(data)
    raise BadBlock(f"Content of the form 0x{kind:x} is not known here.")
