# SPDX-License-Identifier: Apache-2.0
SUMMARY = "Keeps a child's voice at home"
DESCRIPTION = "The keeper (cubbyd) stores what was heard sealed to keys that only the parents can \
unlock; the parents' command (cubby) consents, lists, plays, deletes; the ear hears and recognises."
SECTION = "multimedia"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

inherit gettext meson pkgconfig python3native externalsrc systemd update-rc.d useradd

EXTERNALSRC = "${CUBBY_SOURCE}"

DEPENDS = "dbus jansson libev libinih libpng libseccomp libsndfile1 libsodium pulseaudio qrencode \
    speexdsp sqlite3 util-linux"

# The ear needs pocketsphinx 5prealpha, which no layer of OpenEmbedded has, and
# webrtc-audio-processing 0.3 of multimedia-layer.
PACKAGECONFIG ??= ""
PACKAGECONFIG[ear] = "-Dear=true,-Dear=false,pocketsphinx webrtc-audio-processing"

EXTRA_OEMESON = "-Dtests=false -Dman=false"

PACKAGE_BEFORE_PN = "${@bb.utils.contains('PACKAGECONFIG', 'ear', '${PN}-ear', '', d)}"

USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system cubby-parents; --system cubby-ear"
USERADD_PARAM:${PN} = "--system --user-group --home-dir ${localstatedir}/lib/cubby --no-create-home --shell /sbin/nologin cubby; \
    --system --gid cubby-ear --home-dir / --no-create-home --shell /sbin/nologin cubby-ear; \
    --system --user-group --groups cubby-ear --home-dir / --no-create-home --shell /sbin/nologin cubby-wyoming"

SYSTEMD_PACKAGES = "${PN}"
SYSTEMD_SERVICE:${PN} = "cubbyd.service"
INITSCRIPT_PACKAGES = "${PN}"
INITSCRIPT_NAME = "cubbyd"
INITSCRIPT_PARAMS = "defaults 50"

do_install:append() {
    if [ "${systemd_system_unitdir}" != "${prefix}/lib/systemd/system" ]; then
        install -d ${D}${systemd_system_unitdir}
        mv ${D}${prefix}/lib/systemd/system/* ${D}${systemd_system_unitdir}/
        rmdir ${D}${prefix}/lib/systemd/system
    fi
    install -D -m 0755 ${S}/packaging/init/sysv/cubbyd ${D}${sysconfdir}/init.d/cubbyd
    install -d -m 0700 -o cubby -g cubby ${D}${localstatedir}/lib/cubby
}

FILES:${PN} += "${datadir}/bash-completion ${datadir}/dbus-1 ${datadir}/fish ${datadir}/zsh \
    ${prefix}/lib/sysusers.d ${prefix}/lib/tmpfiles.d ${systemd_system_unitdir}"
FILES:${PN}-ear = "${bindir}/cubby-listen ${sbindir}/cubby-wyoming ${libdir}/libcubby-ear.so.* \
    ${prefix}/lib/systemd/user ${systemd_system_unitdir}/cubby-listen.service \
    ${systemd_system_unitdir}/cubby-wyoming.service"
