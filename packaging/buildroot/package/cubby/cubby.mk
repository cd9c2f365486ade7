################################################################################
#
# cubby
#
################################################################################

CUBBY_VERSION = 0.1.0
CUBBY_SITE = $(BR2_EXTERNAL_CUBBY_PATH)/../..
CUBBY_SITE_METHOD = local
CUBBY_LICENSE = Apache-2.0
CUBBY_LICENSE_FILES = LICENSE
CUBBY_INSTALL_STAGING = YES
CUBBY_CONF_OPTS = -Dtests=false -Dman=false
CUBBY_DEPENDENCIES = \
	host-pkgconf \
	dbus \
	flac \
	inih \
	jansson \
	libev \
	libpng \
	libqrencode \
	libseccomp \
	libsndfile \
	libsodium \
	pulseaudio \
	speexdsp \
	sqlite \
	util-linux \
	$(TARGET_NLS_DEPENDENCIES)

ifeq ($(BR2_PACKAGE_CUBBY_EAR),y)
CUBBY_CONF_OPTS += -Dear=true
CUBBY_DEPENDENCIES += pocketsphinx webrtc-audio-processing0
else
CUBBY_CONF_OPTS += -Dear=false
endif

define CUBBY_USERS
	cubby -1 cubby -1 * - - - Cubby keeper
	cubby-ear -1 cubby-ear -1 * - - audio Cubby ear
	cubby-wyoming -1 cubby-wyoming -1 * - - cubby-ear Cubby ear for Wyoming clients
	- -1 cubby-parents -1 - - - - -
endef

define CUBBY_PERMISSIONS
	/var/lib/cubby d 700 cubby cubby - - - - -
endef

define CUBBY_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(@D)/packaging/init/sysv/cubbyd \
		$(TARGET_DIR)/etc/init.d/S50cubbyd
endef

define CUBBY_INSTALL_INIT_OPENRC
	$(INSTALL) -D -m 0755 $(@D)/packaging/init/openrc/cubbyd \
		$(TARGET_DIR)/etc/init.d/cubbyd
endef

$(eval $(meson-package))
