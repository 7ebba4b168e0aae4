"""Kinds of mailboxes, as data: providers where anybody gets one, and names that belong to a function.

Both are written by hand from what is in common use; disposable domains come from a package that is kept up (`facts`).
Domains are lower-case and registrable ones; names are folded, without a tag.
"""

from __future__ import annotations

from types import MappingProxyType

_FREE = MappingProxyType(
    {
        "Worldwide": """
            gmail.com googlemail.com outlook.com outlook.de outlook.fr outlook.es outlook.it outlook.at
            outlook.be outlook.dk outlook.ie outlook.pt outlook.cz outlook.com.br outlook.com.au outlook.jp
            hotmail.com hotmail.de hotmail.fr hotmail.it hotmail.es hotmail.co.uk hotmail.at hotmail.ch
            hotmail.be hotmail.nl hotmail.se hotmail.no hotmail.dk hotmail.fi hotmail.ca hotmail.co.jp
            hotmail.com.br hotmail.com.ar hotmail.com.tr live.com live.de live.fr live.it live.nl live.be
            live.at live.ie live.ca live.se live.no live.dk live.jp live.co.uk live.com.au live.com.mx
            live.com.pt msn.com windowslive.com passport.com yahoo.com yahoo.de yahoo.fr yahoo.it yahoo.es
            yahoo.co.uk yahoo.ie yahoo.at yahoo.ca yahoo.se yahoo.no yahoo.dk yahoo.pl yahoo.ro yahoo.gr
            yahoo.in yahoo.co.in yahoo.co.id yahoo.co.jp yahoo.co.nz yahoo.co.za yahoo.com.ar yahoo.com.au
            yahoo.com.br yahoo.com.co yahoo.com.hk yahoo.com.mx yahoo.com.my yahoo.com.ph yahoo.com.sg
            yahoo.com.tr yahoo.com.tw yahoo.com.vn ymail.com rocketmail.com myyahoo.com aol.com aol.de aol.fr
            aol.it aol.co.uk aim.com icloud.com me.com mac.com mail.com email.com usa.com post.com europe.com
            consultant.com engineer.com zoho.com zohomail.com zohomail.eu proton.me protonmail.com protonmail.ch
            pm.me tutanota.com tutanota.de tutamail.com tuta.io tuta.com keemail.me fastmail.com fastmail.fm
            hushmail.com gmx.com gmx.us inbox.com mailfence.com runbox.com disroot.org riseup.net duck.com
            hey.com skiff.com startmail.com ctemplar.com lycos.com excite.com juno.com netzero.net
        """,
        "Germany, Austria, Switzerland": """
            gmx.de gmx.net gmx.at gmx.ch gmx.eu gmx.org gmx.info gmx.biz web.de email.de t-online.de magenta.de
            freenet.de mailbox.org posteo.de posteo.net posteo.eu posteo.org arcor.de vodafone.de
            vodafonemail.de kabelmail.de unitybox.de o2online.de o2mail.de 1und1.de online.de onlinehome.de
            alice.de alice-dsl.net alice-dsl.de versanet.de ewe.net ewetel.net netcologne.de osnanet.de
            htp-tel.de mnet-mail.de mnet-online.de tele2.de lycos.de mail.de emailn.de firemail.de smart-mail.de
            freemail.de a1.net aon.at chello.at utanet.at inode.at kabsi.at liwest.at tele2.at drei.at
            bluewin.ch bluemail.ch hispeed.ch sunrise.ch swissonline.ch gmx.li vtxmail.ch
        """,
        "France, Belgium, Netherlands, Luxembourg": """
            orange.fr wanadoo.fr free.fr sfr.fr neuf.fr laposte.net bbox.fr numericable.fr club-internet.fr
            aliceadsl.fr voila.fr cegetel.net 9online.fr noos.fr gmx.fr skynet.be telenet.be proximus.be
            belgacom.net scarlet.be pandora.be voo.be ziggo.nl kpnmail.nl kpnplanet.nl planet.nl hetnet.nl
            home.nl xs4all.nl upcmail.nl casema.nl chello.nl online.nl telfort.nl tele2.nl zonnet.nl quicknet.nl
            pt.lu internet.lu
        """,
        "Italy, Spain, Portugal, Greece": """
            libero.it virgilio.it alice.it tin.it tim.it tiscali.it inwind.it iol.it blu.it fastwebnet.it
            email.it vodafone.it poste.it telefonica.net movistar.es ono.com terra.es ya.com sapo.pt iol.pt
            clix.pt netcabo.pt mail.telepac.pt otenet.gr forthnet.gr hol.gr in.gr freemail.gr
        """,
        "United Kingdom, Ireland": """
            btinternet.com btopenworld.com sky.com virginmedia.com virgin.net ntlworld.com blueyonder.co.uk
            talktalk.net tiscali.co.uk tesco.net plusnet.com plus.com o2.co.uk orange.net freeserve.co.uk
            fsmail.net mail.co.uk eircom.net
        """,
        "Nordic and Baltic countries": """
            telia.com tele2.se bredband.net comhem.se spray.se passagen.se online.no broadpark.no lyse.net
            getmail.no mail.dk stofanet.dk ofir.dk jubii.dk tdcadsl.dk luukku.com suomi24.fi kolumbus.fi
            elisanet.fi pp.inet.fi simnet.is inbox.lv inbox.lt mail.ee hot.ee one.lt
        """,
        "Central and Eastern Europe": """
            wp.pl o2.pl onet.pl onet.eu op.pl interia.pl interia.eu poczta.onet.pl poczta.fm gazeta.pl tlen.pl
            vp.pl autograf.pl seznam.cz email.cz post.cz centrum.cz volny.cz atlas.cz centrum.sk azet.sk
            zoznam.sk post.sk pobox.sk freemail.hu citromail.hu indamail.hu t-online.hu vipmail.hu abv.bg
            mail.bg dir.bg yahoo.hu siol.net net.hr inet.hr eunet.rs mail.ru bk.ru list.ru inbox.ru internet.ru
            yandex.ru yandex.com yandex.ua ya.ru rambler.ru lenta.ru autorambler.ru myrambler.ru ro.ru ukr.net
            i.ua meta.ua bigmir.net email.ua tut.by mail.kz
        """,
        "Asia, Pacific, Africa, Middle East": """
            qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn tom.com
            aliyun.com naver.com hanmail.net daum.net nate.com kakao.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp
            i.softbank.jp nifty.com biglobe.ne.jp so-net.ne.jp ocn.ne.jp rediffmail.com indiatimes.com
            bigpond.com bigpond.net.au optusnet.com.au iinet.net.au tpg.com.au internode.on.net dodo.com.au
            xtra.co.nz slingshot.co.nz mweb.co.za telkomsa.net webmail.co.za vodamail.co.za walla.co.il
            walla.com netvision.net.il bezeqint.net maktoob.com mynet.com
        """,
        "The Americas": """
            comcast.net verizon.net att.net sbcglobal.net bellsouth.net pacbell.net ameritech.net cox.net
            charter.net spectrum.net roadrunner.com rr.com twc.com earthlink.net mindspring.com optonline.net
            optimum.net frontier.com frontiernet.net windstream.net centurylink.net centurytel.net q.com
            embarqmail.com suddenlink.net cableone.net rogers.com shaw.ca telus.net sympatico.ca bell.net
            videotron.ca cogeco.ca eastlink.ca sasktel.net mts.net uol.com.br bol.com.br terra.com.br ig.com.br
            globo.com globomail.com oi.com.br r7.com zipmail.com.br prodigy.net.mx fibertel.com.ar arnet.com.ar
            speedy.com.ar ciudad.com.ar une.net.co cantv.net vtr.net
        """,
    }
)

_ROLES = MappingProxyType(
    {
        "RFC 2142 and what mail servers themselves use": """
            abuse admin administrator billing ftp hostmaster info list list-request mailer-daemon majordomo
            marketing no-reply noreply noc postmaster reply root sales security support usenet uucp webmaster
            www
        """,
        "English": """
            account accounting accounts all assistance booking bookings business care careers client clients
            communications compliance contact contactus contracts customer customercare customers
            customerservice data dataprotection desk dev development donotreply do-not-reply ecommerce editor
            editorial email employment enquire enquiries enquiry events everyone export feedback finance
            frontdesk general hello help helpdesk hi hire hiring hq hr humanresources import inbox information
            inquiries inquiry investor investors invoice invoices invoicing it job jobs legal letters logistics
            mail mailbox management manager media members membership myoffice news newsletter notification
            notifications notify office offices operations orders order orderdesk owner partner partners payment
            payments payroll personnel press privacy procurement production project projects publicrelations
            purchase purchasing qa quality quote quotes reception recruiting recruitment registration remove
            request requests reservation reservations returns rfq sale salesteam secretary service services
            shipping shop spam staff store studio subscribe subscriptions supplier suppliers supply team tech
            technical test tickets trade training travel unsubscribe user vendor vendors warehouse web welcome
            workshop
        """,
        "German": """
            anfrage anfragen anmeldung apotheke auftrag ausbildung bestellung bestellungen betrieb bewerbung
            bewerbungen buchhaltung buchung buero büro datenschutz dispo disposition einkauf empfang filiale
            geschaeftsfuehrung geschaeftsleitung geschaeftsstelle geschäftsführung hallo hausverwaltung hotel
            kanzlei karriere kasse kontakt kunden kundendienst kundenservice lager leitung leserbriefe logistik
            mitarbeiter nachricht personal personalabteilung post praxis presse produktion projekte rechnung
            rechnungen rechnungswesen redaktion reservierung restaurant rezeption schule sekretariat
            servicecenter stellen technik termin termine verein versand vertrieb verkauf verwaltung vorstand
            werkstatt willkommen zentrale
        """,
        "French, Spanish, Italian, Portuguese": """
            accueil achats administracion administracao administratif administration amministrazione atencion
            atencionalcliente atendimento bonjour candidature candidatures ciao clientes commandes commercial
            commerciale comercial compras comptabilite comunicacion comunicazione comunicacao contabilidad
            contabilidade contabilita contacto contato contatti correo courrier devis direccion direction
            direcao direzione empleo empresa facturacion facturation fatturazione financeiro formation gerencia
            hola informacion informacoes informazioni lavoro mairie oficina ordini pedidos prensa prenotazioni
            presidence recepcion recepcao redaction redaccion redazione reservas rh rrhh secretaria secretariat
            segreteria servicio servizio soporte stampa suporte tienda ufficio ufficioacquisti ventas vendas
            vendite ventes
        """,
        "Dutch, Nordic, Polish, Czech": """
            administratie biuro bestellingen boekhouding faktura faktury firmapost fakturor informatie inkoop
            klantenservice kancelar kariera kontor kundeservice kundtjanst kontakta obchod objednavky personeel
            podatelna poczta praca prodej rekrutacja salg sklep solliciteren sprzedaz verkoop ordre zamowienia
        """,
    }
)

FREE_MAILBOX_DOMAINS = frozenset(" ".join(_FREE.values()).split())
"""Domains of providers where anybody gets a mailbox."""

ROLE_NAMES = frozenset(" ".join(_ROLES.values()).split())
"""What stands before the @ of an address that belongs to a function: info, sales, buchhaltung."""
