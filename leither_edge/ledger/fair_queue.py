"""A queue in which those who put things in take turns, so that nobody waits for all that another one has sent."""

from collections import OrderedDict, deque


class FairQueue:
    """Items in their owners' queues; pop() goes round the owners."""

    def __init__(self):
        self._queues = OrderedDict()
        self._count = 0

    def __len__(self):
        return self._count

    def push(self, owner, item):
        """Puts an item at the end of its owner's queue. owner: anything hashable."""
        self._queues.setdefault(owner, deque()).append(item)
        self._count += 1

    def pop(self):
        """The first item of the owner whose turn it is. Raises IndexError if there is none."""
        if not self._queues:
            raise IndexError("the queue is empty")
        owner, queue = self._queues.popitem(last=False)
        item = queue.popleft()
        self._count -= 1
        if queue:
            self._queues[owner] = queue
        return item

    def drop(self, unwanted):
        """Removes the items for which unwanted(item) is true and returns them."""
        dropped = []
        for owner in list(self._queues):
            queue = self._queues[owner]
            gone = [item for item in queue if unwanted(item)]
            if gone:
                kept = deque(item for item in queue if not unwanted(item))
                dropped += gone
                self._count -= len(gone)
                if kept:
                    self._queues[owner] = kept
                else:
                    del self._queues[owner]
        return dropped
