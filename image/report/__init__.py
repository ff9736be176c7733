"""Reports of an image build: sizes, contents, block map."""
