import pytest

from appliance.portal import assets


@pytest.fixture(scope="session")
def built_assets(tmp_path_factory):
    return assets.build(str(tmp_path_factory.mktemp("assets")))
