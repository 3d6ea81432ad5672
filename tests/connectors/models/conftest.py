"""One server and one opened connector per vendor, shared by the tests of this folder."""

from collections.abc import AsyncGenerator

import pytest

from tests.connectors.models.vendors import VENDORS, VendorWorkshop, workshop_of


@pytest.fixture(scope="session", params=sorted(VENDORS))
async def vendor_workshop(request: pytest.FixtureRequest) -> AsyncGenerator[VendorWorkshop]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-tests")
        async with workshop_of(request.param) as opened:
            yield opened


@pytest.fixture
def workshop(vendor_workshop: VendorWorkshop) -> VendorWorkshop:
    vendor_workshop.begin_again()
    return vendor_workshop
