# How a layer is built; the Makefiles of the layers include this.
#
# `sam build` runs them with ARTIFACTS_DIR, the folder that becomes /opt of a function. Nothing here
# needs Python 3.13: wheels are unpacked for the platform of Lambda, whatever the machine is.

ifeq ($(strip $(ARTIFACTS_DIR)),)
$(error `sam build` runs this. By hand: make -C layers/runtime build-RuntimeLayer ARTIFACTS_DIR=/a/new/folder)
endif

# `make setup` installs uv in .venv.
UV ?= $(or $(wildcard $(abspath $(dir $(lastword $(MAKEFILE_LIST)))../.venv)/bin/uv),uv)
# As the stack's parameter of that name.
ARCHITECTURE ?= x86_64

# Amazon Linux 2023, on which Lambda's Python 3.13 runs, has glibc 2.34.
PLATFORM_x86_64 := x86_64-manylinux_2_34
PLATFORM_arm64 := aarch64-manylinux_2_34
PLATFORM := $(PLATFORM_$(ARCHITECTURE))
ifeq ($(PLATFORM),)
$(error ARCHITECTURE is "$(ARCHITECTURE)": it can be x86_64 or arm64)
endif

# Compiles, where there is one; without it the layers are built all the same. The first that answers
# (a pyenv shim may exist and not answer).
PYTHON313 ?= $(shell for p in python3.13 python3 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13*/bin/python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null && echo "$$p" && break; done)

# Where Python looks for what is in a layer.
SITE := $(ARTIFACTS_DIR)/python

# Of any package: programs to be called from a shell (their first line names this machine's Python),
# what an installer notes for itself, and what type checkers and compilers read. METADATA stays, for
# importlib.metadata, and licences stay.
OF_ANY_PACKAGE := \
	-path './bin/*' -o \
	-name INSTALLER -o -name RECORD -o -name REQUESTED -o -name WHEEL -o -name direct_url.json -o \
	-name entry_points.txt -o -path '*.dist-info/sboms/*' -o -path './.lock' -o \
	-name '*.pyi' -o -name '*.pxd' -o -path '*/__pycache__/*'

# Files are copied, because what uv links is its cache's.
define install
	@rm -rf "$(SITE)" && mkdir -p "$(SITE)"
	@"$(UV)" pip install --quiet --require-hashes --no-deps --link-mode copy --only-binary :all: \
		--no-python-downloads --python-version 3.13 --python-platform $(PLATFORM) \
		--target "$(SITE)" -r requirements.txt
endef

# $(call drop,paths): relative to the layer, with wildcards of the shell. What a path no longer
# matches has moved in a newer version, and would stay unnoticed.
define drop
	@cd "$(SITE)" && for path in $(1); do \
		test -e "$$path" || { echo "$@: there is no $$path to be dropped: see its Makefile" >&2; exit 1; }; \
		rm -rf "$$path"; \
	done
endef

# Python writes no bytecode in /opt, so it is written here. It holds a hash that nobody checks in
# place of the time, and the path in Lambda: the same lock gives the same bytes.
define finish
	@cd "$(SITE)" && find . \( $(OF_ANY_PACKAGE) \) -type f -exec rm -f {} + && find . -type d -empty -delete
	@python="$(PYTHON313)"; if test -n "$$python"; then \
		PYTHONHASHSEED=0 "$$python" -m compileall -q --invalidation-mode unchecked-hash \
			-s "$(SITE)" -p /opt/python "$(SITE)"; \
	else echo "$@: no Python 3.13 here (PYTHON313), so nothing is compiled: cold starts are slower"; fi
	@chmod -R u+w,a+rX "$(SITE)"
	@bytes=$$(find "$(SITE)" -type f -exec cat {} + | wc -c) && \
	said="$(@:build-%=%): $$((bytes / 1000000)) MB unzipped, of at most $(AT_MOST_MB)" && \
	if test "$$bytes" -le $(AT_MOST_MB)000000; then echo "$$said"; \
	else echo "$$said: too large. The largest files, in bytes:" >&2; \
		(cd "$(SITE)" && find . -type f -exec wc -c {} + | grep -v ' total$$' | sort -rn | head -n 5) >&2; \
		exit 1; fi
endef
