from leither_edge.observe.log import Log


def lines_of(**arguments):
    lines = []
    return Log(lines.append, **arguments), lines


def test_one_line_an_event():
    log, lines = lines_of()
    log.info("command", verb="status", ms=3, issuer=b"\x01\x02")
    log.warning("late")
    log.error("store", why="No space left")
    assert lines == ["info command verb=status ms=3 issuer=0102\n", "warning late\n", 'error store why="No space left"\n']


def test_values_cannot_forge_a_line_or_a_field():
    log, lines = lines_of()
    log.info("a", name='x\ninfo forged k="v"', empty="", escape="\x1b[2J", text="咖啡馆")
    assert lines == ['info a name="x\\ninfo forged k=\\"v\\"" empty="" escape="\\x1b[2J" text=咖啡馆\n']


def test_a_line_is_cut_at_its_bound_in_whole_characters():
    log, lines = lines_of(line_max_bytes=64)
    log.info("a", name="咖" * 100)
    assert len(lines[0].encode()) <= 64
    assert lines[0].endswith(" ...\n") and lines[0].count("\n") == 1


def test_a_broken_pipe_does_not_stop_the_node():
    def write(_):
        raise BrokenPipeError

    Log(write).info("a")
