"""All of a node's content as one piece of content: rows of its tables in a search tree, with links to everything that they name."""
