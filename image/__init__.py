"""The image build: a Buildroot external tree, its checks and its tests."""
