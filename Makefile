# orchd - `make help` lists what there is to make.

PREFIX  ?= /usr
DESTDIR ?=
# What `install` installs is here.
STAGE   ?= build
# Not below PREFIX: what an administrator edits is under /etc wherever the programs are.
SYSCONFDIR = /etc

BINDIR      = $(PREFIX)/bin
# What only the supervisor runs, which finds it from its own place.
LIBEXECDIR  = $(PREFIX)/libexec/orchd
DATADIR     = $(PREFIX)/share
MANDIR      = $(DATADIR)/man
UNITDIR     = $(PREFIX)/lib/systemd/system
USERUNITDIR = $(PREFIX)/lib/systemd/user
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
TMPFILESDIR = $(PREFIX)/lib/tmpfiles.d
CATALOGDIR  = $(PREFIX)/lib/systemd/catalog
BASHDIR     = $(DATADIR)/bash-completion/completions
# Debian's zsh reads vendor-completions below /usr, everybody's reads site-functions below /usr/local.
ZSHDIR      = $(DATADIR)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
FISHDIR     = $(DATADIR)/fish/vendor_completions.d
CONFDIR     = $(SYSCONFDIR)/orchd
WORKERDIR   = $(DATADIR)/orchd/workers
DOCDIR      = $(DATADIR)/doc/orchd
# Checksums of the default configuration as installed: how the next install tells a changed file from an unchanged one.
DEFAULTS    = $(DATADIR)/orchd/defaults.sha256

SWIFT      ?= swift
# STRICT=1 makes every warning in this package an error; SwiftPM exempts dependencies.
SWIFTFLAGS ?=
ifeq ($(STRICT),1)
SWIFTFLAGS += -Xswiftc -warnings-as-errors
endif

# How the programs for the installation are built. Nothing is resolved later than at their start, so that tables of the linker
# are read-only from then on, and no library is looked for beside them.
RELEASE = build -c release --static-swift-stdlib --disable-local-rpath -Xlinker -z -Xlinker now

PROGRAMS = orchd orchd-supervisor orchctl
# Beside the daemon, in a package of its own: it alone speaks with a network.
BRIDGE   = orch-discord
HELPERS  = orchd-worktree orchd-files
UNITS    = orchd.service orchd.socket orchd-supervisor.service
MAN      = orchctl.1 orchd.toml.5 orchd.8 orchd-supervisor.8
BRIDGEMAN = orch-discord.8 discord.toml.5
COMPLETED = orchctl orchd
WORKERS  = worker.sh worker.py worker.mjs
DOCS     = $(notdir $(wildcard docs/*.md docs/*.schema.json docs/*.png))
CONFIG   = discord.toml orchd.toml pools.d/default.toml $(addprefix agents/,$(notdir $(wildcard etc/agents/*.toml)))
SOURCES  = $(wildcard Package.swift Sources Tests Benchmarks)

# What is written for /usr names the places where things are installed.
PLACE = sed 's,@BINDIR@,$(BINDIR),g; s,/usr/share/\(doc/\)\?orchd\b,$(DATADIR)/\1orchd,g'

# Which of the long tests to run, and how often.
TORTURE ?= RandomKillTests|HangTests|StorageFaultTests|EscapeTests|UpgradeTests|DamageTests
TIMES   ?= 1

SHELL = /bin/bash
.SHELLFLAGS = -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL = help
.PHONY: help deps build demo test simulate test-vm test-discord test-mcp demo-discord torture-discord test-agents fuzz sanitize bench bench-check torture lint format deb install install-config uninstall clean stage

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  install and uninstall take DESTDIR and PREFIX (now $(PREFIX)); STRICT=1 makes warnings errors"

deps: ## install missing packages that the build needs (with apt-get, as root or by sudo)
	@.ci/deps $(SWIFT)

build: deps ## build the optimised programs for the installation
	@# By name: a build of everything, once one product has been planned alone, also links the libraries of
	@# dependencies dynamically, which --static-swift-stdlib leaves without their search paths.
	@for program in $(PROGRAMS) $(HELPERS) $(BRIDGE); do \
		$(SWIFT) $(RELEASE) --product $$program $(SWIFTFLAGS); \
	done
	@$(MAKE) stage

# What `install` installs: stripped programs, and the completions they generate. So that `sudo make install` only copies.
stage: $(PROGRAMS:%=build/bin/%) $(HELPERS:%=build/bin/%) $(BRIDGE:%=build/bin/%) build/completions/.made

build/bin/%: .build/release/%
	@mkdir -p $(@D)
	@strip -o $@ $<

build/completions/.made: build/bin/orchctl build/bin/orchd build/bin/orch-discord
	@mkdir -p $(@D)
	@for program in $(COMPLETED) $(BRIDGE); do for shell in bash zsh fish; do \
		build/bin/$$program --generate-completion-script $$shell > $(@D)/$$program.$$shell; \
	done; done
	@# Those of orchd and the bridge are the parser's, which takes the names of files away from its options.
	@for program in orchd $(BRIDGE); do \
		sed -i 's/^complete -o filenames/complete -o bashdefault -o default -o filenames/' $(@D)/$$program.bash; \
		sed -i "s/ -rfka ''/ -rFka ''/" $(@D)/$$program.fish; \
		sed -i "s/:\(path\|file\|dir\):'/:\1:_files'/" $(@D)/$$program.zsh; \
	done
	@touch $@

demo: build ## see it work: six real tasks on three slots
	@docs/demo/run

# In a zone that is not UTC, far from it, and at odd minutes, so that a day or an hour in the wrong zone shows; TZ=... for another.
# The simulator lives SIMULATE seconds of lives that nobody has seen before; 0 for none.
test: export TZ := $(or $(TZ),Asia/Kathmandu)
test: deps ## build everything, run every test but those in virtual machines, and simulate for a minute
	$(SWIFT) build --build-tests $(SWIFTFLAGS)
	$(SWIFT) test --skip-build $(SWIFTFLAGS)
	.build/debug/orchd-sim --seconds $(or $(SIMULATE),60)
	@if [[ -x Tests/System/run ]]; then Tests/System/run; fi

torture: deps ## run all crash loops, a hundred upgrades, thousands of damaged files, TIMES times (1); ORCHD_SEED=N repeats a run
	$(SWIFT) build --build-tests $(SWIFTFLAGS)
	@for ((time = 1; time <= $(TIMES); time++)); do \
		echo "== $$time of $(TIMES)"; \
		ORCHD_TORTURE=1 $(SWIFT) test --skip-build --no-parallel --filter '$(TORTURE)' $(SWIFTFLAGS); \
	done

simulate: deps ## simulate random lives with all kinds of faults for SECONDS (60); ARGS go to orchd-sim
	$(SWIFT) $(RELEASE) --product orchd-sim $(SWIFTFLAGS)
	.build/release/orchd-sim $(or $(ARGS),--seconds $(or $(SECONDS),60))

test-vm: ## install and run it under a real systemd, in a virtual machine (root, QEMU)
	@Tests/System/vm/run

test-discord: build-discord ## test the stand-in of Discord with two real clients, and the bridge with it and a real daemon
	@Tests/System/Discord/run

# What the two below need, and test-discord.
.PHONY: build-discord
build-discord: deps
	@for program in orchd orchd-supervisor orchctl orch-discord; do $(SWIFT) build --product $$program $(SWIFTFLAGS); done

demo-discord: build-discord ## see the queue in Discord, with a stand-in of it: five messages on three slots
	@Tests/System/Discord/run --demo

torture-discord: build-discord ## kill the bridge to Discord KILLS (1000) times; ORCH_SEED=N repeats the choices
	@Tests/System/Discord/run --torture $(or $(KILLS),1000)

test-mcp: deps ## let the Python SDK of MCP (PyPI, both of its eras) use orchctl mcp with a real daemon
	@for program in orchd orchd-supervisor orchctl; do $(SWIFT) build --product $$program $(SWIFTFLAGS); done
	@Tests/System/MCP/run

test-agents: ## run the real agent programs (PyPI) against a stand-in of their servers; AGENTS="claude codex", or all
	@Tests/System/RealAgents/run $(or $(AGENTS),$(shell Tests/System/RealAgents/run --list))

fuzz: deps ## fuzz TARGET for SECONDS (60) with libFuzzer; without a TARGET list the targets
	@Tests/Fuzz/run $(if $(TARGET),$(TARGET) $(or $(SECONDS),60),--list)

sanitize: deps ## run the tests under AddressSanitizer, then under ThreadSanitizer
	@Tests/Sanitizers/run address
	@Tests/Sanitizers/run thread

# QUICK=1: two minutes. FULL=1: the largest sizes. SECTION="latency idle": only these. COMPARE=old.json: what has changed. WRITE=1: keep it in docs/performance.md.
bench: build ## compare its speed with other programs: table, picture, budgets (QUICK=1, FULL=1, SECTION=…)
	@Benchmarks/run $(if $(QUICK),--quick) $(if $(FULL),--full) $(foreach section,$(SECTION),--section $(section)) $(COMPARE:%=--compare %) $(if $(WRITE),--write)

bench-check: deps ## compare the instructions that a task costs the engine with the committed figure
	$(SWIFT) $(RELEASE) --product turn-cost $(SWIFTFLAGS)
	@Benchmarks/turn-cost-check

lint: ## check Swift format, spelling and wording; also shell scripts and man pages if their checkers are installed
	@.ci/check-words
	$(SWIFT) format lint --strict --recursive --parallel $(SOURCES)
	@if command -v shellcheck > /dev/null; then git grep -lE '^#!/.*(ba)?sh|^# shellcheck shell' -- ':!*.md' | xargs shellcheck -x; fi
	@if command -v mandoc > /dev/null; then mandoc -T lint -W warning $(MAN:%=docs/man/%) $(BRIDGEMAN:%=docs/man/%); fi

format: ## format the Swift code
	$(SWIFT) format --in-place --recursive --parallel $(SOURCES)

# Before anything is installed, or removed: without DESTDIR that is for those who may write there.
.PHONY: check-access
check-access:
	@if [[ -z "$(DESTDIR)" ]]; then for place in "$(PREFIX)" $(SYSCONFDIR); do \
		at=$$place; while [[ ! -e $$at ]]; do at=$$(dirname "$$at"); done; \
		if [[ ! -w $$at ]]; then \
			echo "make: only root may write to $$place (nothing was changed): sudo make $(or $(MAKECMDGOALS),install)" >&2; exit 1; \
		fi; done; fi

install: check-access ## install programs, units, configuration, man pages, completions
	@$(MAKE) install-files install-discord install-config
	@if [[ -z "$(DESTDIR)" ]]; then $(MAKE) tell-systemd; echo; \
	if systemctl --quiet is-active orchd 2> /dev/null; then \
		echo "Now start the new programs; running tasks continue:"; \
		echo "  orchctl upgrade"; \
	else \
		echo "Now: systemctl enable --now orchd"; \
		echo "and for each of its users: usermod --append --groups orch NAME"; \
	fi; fi

# What a package has too. Its configuration files are in the care of its package manager.
.PHONY: install-files
install-files:
	@if [[ ! -e $(STAGE)/completions/.made ]]; then $(MAKE) build; fi
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBEXECDIR) $(UNITDIR) $(USERUNITDIR) $(SYSUSERSDIR) $(TMPFILESDIR) $(CATALOGDIR))
	install -m 755 $(PROGRAMS:%=$(STAGE)/bin/%) $(DESTDIR)$(BINDIR)
	install -m 755 $(HELPERS:%=$(STAGE)/bin/%) $(DESTDIR)$(LIBEXECDIR)
	@for unit in $(UNITS) $(UNITS:%=user/%); do \
		case $$unit in user/*) to=$(USERUNITDIR) ;; *) to=$(UNITDIR) ;; esac; \
		$(PLACE) systemd/$$unit > "$(DESTDIR)$$to/$${unit##*/}"; \
		chmod 644 "$(DESTDIR)$$to/$${unit##*/}"; \
	done
	install -m 644 systemd/sysusers.d/orchd.conf $(DESTDIR)$(SYSUSERSDIR)/orchd.conf
	install -m 644 systemd/tmpfiles.d/orchd.conf $(DESTDIR)$(TMPFILESDIR)/orchd.conf
	install -m 644 systemd/orchd.catalog $(DESTDIR)$(CATALOGDIR)/orchd.catalog
	install -D -m 755 -t $(DESTDIR)$(WORKERDIR) $(WORKERS:%=etc/worker-kits/%)
	install -m 644 docs/worker-protocol.md docs/worker-protocol.schema.json $(DESTDIR)$(WORKERDIR)
	@for file in $(DOCS:%=docs/%) $(MAN:%=docs/man/%); do \
		case $$file in docs/man/*) to=$(MANDIR)/man$${file##*.} ;; *) to=$(DOCDIR) ;; esac; \
		install -D -m 644 <($(PLACE) $$file) "$(DESTDIR)$$to/$${file##*/}"; \
	done
	@for program in $(COMPLETED); do \
		install -D -m 644 $(STAGE)/completions/$$program.bash $(DESTDIR)$(BASHDIR)/$$program; \
		install -D -m 644 $(STAGE)/completions/$$program.zsh $(DESTDIR)$(ZSHDIR)/_$$program; \
		install -D -m 644 $(STAGE)/completions/$$program.fish $(DESTDIR)$(FISHDIR)/$$program.fish; \
	done

# The bridge to Discord, which is a package of its own.
.PHONY: install-discord
install-discord:
	@if [[ ! -e $(STAGE)/completions/.made ]]; then $(MAKE) build; fi
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(UNITDIR) $(USERUNITDIR) $(SYSUSERSDIR))
	install -m 755 $(STAGE)/bin/$(BRIDGE) $(DESTDIR)$(BINDIR)
	install -m 644 <($(PLACE) systemd/$(BRIDGE).service) $(DESTDIR)$(UNITDIR)/$(BRIDGE).service
	install -m 644 <($(PLACE) systemd/user/$(BRIDGE).service) $(DESTDIR)$(USERUNITDIR)/$(BRIDGE).service
	install -m 644 systemd/sysusers.d/$(BRIDGE).conf $(DESTDIR)$(SYSUSERSDIR)/$(BRIDGE).conf
	@for page in $(BRIDGEMAN); do \
		install -D -m 644 <($(PLACE) docs/man/$$page) "$(DESTDIR)$(MANDIR)/man$${page##*.}/$$page"; \
	done
	install -D -m 644 $(STAGE)/completions/$(BRIDGE).bash $(DESTDIR)$(BASHDIR)/$(BRIDGE)
	install -D -m 644 $(STAGE)/completions/$(BRIDGE).zsh $(DESTDIR)$(ZSHDIR)/_$(BRIDGE)
	install -D -m 644 $(STAGE)/completions/$(BRIDGE).fish $(DESTDIR)$(FISHDIR)/$(BRIDGE).fish

# A file that its owner changed or removed stays as it is; the new default goes beside it.
install-config:
	@install -d $(addprefix $(DESTDIR),$(CONFDIR)/pools.d $(CONFDIR)/agents $(dir $(DEFAULTS)))
	@sums="$(DESTDIR)$(DEFAULTS)"; touch "$$sums"; new=$$(mktemp); from=$$(mktemp); trap 'rm -f "$$new" "$$from"' EXIT; \
	for file in $(CONFIG); do \
		to="$(DESTDIR)$(CONFDIR)/$$file"; \
		$(PLACE) etc/$$file > "$$from"; \
		sum=$$(sha256sum < "$$from" | cut -d' ' -f1); \
		was=$$(awk -v file=$$file '$$2 == file { print $$1 }' "$$sums"); \
		is=; if [[ -e $$to ]]; then is=$$(sha256sum < "$$to" | cut -d' ' -f1); fi; \
		if [[ -z $$is && -n $$was ]]; then echo "$(CONFDIR)/$$file was removed and stays so"; \
		elif [[ -z $$is || $$is = "$$was" || $$is = "$$sum" ]]; then install -m 644 "$$from" "$$to"; rm -f "$$to.new"; \
		elif [[ $$was = "$$sum" ]]; then echo "$(CONFDIR)/$$file was changed and stays as it is"; \
		else install -m 644 "$$from" "$$to.new"; \
			echo "$(CONFDIR)/$$file was changed and stays as it is; the new default is $(CONFDIR)/$$file.new"; fi; \
		echo "$$sum $$file" >> "$$new"; \
	done; install -m 644 "$$new" "$$sums"

# Without a systemd on this machine, or in a chroot, there is nobody to tell.
.PHONY: tell-systemd
tell-systemd:
	@if command -v systemd-sysusers > /dev/null; then systemd-sysusers $(SYSUSERSDIR)/orchd.conf $(SYSUSERSDIR)/$(BRIDGE).conf; fi
	@if command -v systemd-tmpfiles > /dev/null; then systemd-tmpfiles --create $(TMPFILESDIR)/orchd.conf; fi
	@if command -v journalctl > /dev/null; then journalctl --update-catalog; fi
	@if [[ -d /run/systemd/system ]]; then systemctl daemon-reload; fi

deb: build ## make Debian packages: build/orchd_VERSION_ARCHITECTURE.deb, and orch-discord_… with the bridge to Discord
	@packaging/deb/build
	@packaging/deb/build --discord

uninstall: check-access ## remove the installed files; state, users and changed configuration stay
	@if [[ -z "$(DESTDIR)" && -d /run/systemd/system ]]; then \
		systemctl disable --now $(UNITS) $(BRIDGE).service 2> /dev/null || true; fi
	rm -f $(PROGRAMS:%=$(DESTDIR)$(BINDIR)/%) $(HELPERS:%=$(DESTDIR)$(LIBEXECDIR)/%)
	rm -f $(DESTDIR)$(BINDIR)/$(BRIDGE) $(DESTDIR)$(SYSUSERSDIR)/$(BRIDGE).conf
	rm -f $(DESTDIR)$(UNITDIR)/$(BRIDGE).service $(DESTDIR)$(USERUNITDIR)/$(BRIDGE).service
	rm -f $(UNITS:%=$(DESTDIR)$(UNITDIR)/%) $(UNITS:%=$(DESTDIR)$(USERUNITDIR)/%)
	rm -f $(DESTDIR)$(SYSUSERSDIR)/orchd.conf $(DESTDIR)$(TMPFILESDIR)/orchd.conf $(DESTDIR)$(CATALOGDIR)/orchd.catalog
	rm -f $(WORKERS:%=$(DESTDIR)$(WORKERDIR)/%) $(DESTDIR)$(WORKERDIR)/worker-protocol.md $(DESTDIR)$(WORKERDIR)/worker-protocol.schema.json
	rm -f $(DOCS:%=$(DESTDIR)$(DOCDIR)/%)
	@for page in $(MAN) $(BRIDGEMAN); do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$$page; done
	@for program in $(COMPLETED) $(BRIDGE); do \
		rm -f $(DESTDIR)$(BASHDIR)/$$program $(DESTDIR)$(ZSHDIR)/_$$program $(DESTDIR)$(FISHDIR)/$$program.fish; done
	@if [[ -e "$(DESTDIR)$(DEFAULTS)" ]]; then while read -r sum file; do \
		at="$(DESTDIR)$(CONFDIR)/$$file"; rm -f "$$at.new"; \
		[[ -e $$at ]] || continue; \
		if [[ $$(sha256sum < "$$at" | cut -d' ' -f1) = "$$sum" ]]; then rm -f "$$at"; \
		else echo "$(CONFDIR)/$$file was changed and stays"; fi; \
	done < "$(DESTDIR)$(DEFAULTS)"; fi
	@rm -f $(DESTDIR)$(DEFAULTS)
	@for dir in $(CONFDIR)/pools.d $(CONFDIR)/agents $(CONFDIR) $(LIBEXECDIR) $(WORKERDIR) $(DOCDIR) $(dir $(DEFAULTS)); do \
		if [[ -d "$(DESTDIR)$$dir" ]]; then rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$dir"; fi; done
	@if [[ -z "$(DESTDIR)" ]]; then \
		if command -v journalctl > /dev/null; then journalctl --update-catalog; fi; \
		if [[ -d /run/systemd/system ]]; then systemctl daemon-reload; fi; fi
	@for dir in /var/lib/orchd /var/lib/orchd-work /var/lib/orch-discord; do \
		if [[ -d "$(DESTDIR)$$dir" ]]; then echo "$$dir stays, with what is in it; remove it yourself"; fi; done

clean: ## remove everything that was built
	rm -rf .build .build-asan .build-fuzz .build-tsan build
