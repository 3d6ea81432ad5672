"""One folder per vendor that implements ports; `sandbox` implements every port without a vendor."""
