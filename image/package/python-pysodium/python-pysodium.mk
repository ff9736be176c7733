################################################################################
#
# python-pysodium
#
################################################################################

PYTHON_PYSODIUM_VERSION = 0.7.19
PYTHON_PYSODIUM_SOURCE = pysodium-$(PYTHON_PYSODIUM_VERSION).tar.gz
PYTHON_PYSODIUM_SITE = https://files.pythonhosted.org/packages/ee/aa/55a7bf692197e76293e56ba4504fab025896ffeed844a45e3bec42cf70ae
PYTHON_PYSODIUM_SETUP_TYPE = setuptools
PYTHON_PYSODIUM_LICENSE = BSD-2-Clause
PYTHON_PYSODIUM_LICENSE_FILES = LICENSE.txt

# musl has no ldconfig and the device no compiler, so ctypes finds no library by its short name: the file is named.
define PYTHON_PYSODIUM_NAME_THE_LIBRARY
	$(SED) "s/LoadLibrary(.*find_library.*)$$/LoadLibrary('libsodium.so')/" $(@D)/pysodium/__init__.py
	grep -q "LoadLibrary('libsodium.so')" $(@D)/pysodium/__init__.py
	$(SED) '/^import ctypes.util$$/d' $(@D)/pysodium/__init__.py
endef
PYTHON_PYSODIUM_POST_PATCH_HOOKS += PYTHON_PYSODIUM_NAME_THE_LIBRARY

$(eval $(python-package))
