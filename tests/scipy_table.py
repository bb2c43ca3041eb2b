"""What becomes of scipy.special's and scipy.signal's functions: ``python tests/scipy_table.py`` writes the page."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import scipy.signal
import scipy.special

import autograd_core.signal as our_signal
import autograd_core.special as ours
from autograd_core.border.protocols import implementation_of

PAGE = Path(__file__).parent.parent / "docs" / "coverage-scipy.md"

NUMPYS = {"cbrt", "exp2", "expm1", "log1p", "round", "sinc"}
REFUSED = {
    "of whole numbers, tables of zeros and of coefficients: constants": """ai_zeros bei_zeros beip_zeros ber_zeros
        bernoulli berp_zeros bi_zeros comb erf_zeros euler factorial factorial2 factorialk fresnel_zeros fresnelc_zeros
        fresnels_zeros gammasgn jn_zeros jnjnp_zeros jnp_zeros jnyn_zeros kei_zeros keip_zeros kelvin_zeros ker_zeros
        kerp_zeros mathieu_a mathieu_b mathieu_even_coef mathieu_odd_coef obl_cv obl_cv_seq pbdn_seq perm pro_cv
        pro_cv_seq stirling2 y0_zeros y1_zeros y1p_zeros yn_zeros ynp_zeros ellip_normal""",
    "polynomial objects and quadrature rules: constants": """legendre chebyt chebyu chebyc chebys jacobi laguerre
        genlaguerre hermite hermitenorm gegenbauer sh_legendre sh_chebyt sh_chebyu sh_jacobi roots_legendre roots_chebyt
        roots_chebyu roots_chebyc roots_chebys roots_jacobi roots_laguerre roots_genlaguerre roots_hermite
        roots_hermitenorm roots_gegenbauer roots_sh_legendre roots_sh_chebyt roots_sh_chebyu roots_sh_jacobi p_roots
        t_roots u_roots c_roots s_roots j_roots l_roots la_roots h_roots he_roots cg_roots ps_roots ts_roots us_roots
        js_roots""",
    "about errors": "geterr seterr errstate SpecialFunctionWarning SpecialFunctionError",
    "inverses in a parameter, which has no formula: ag.root of the function itself": """bdtri bdtrik bdtrin btdtri
        btdtria btdtrib chdtri chdtriv chndtridf chndtrinc chndtrix fdtri fdtridfd gdtria gdtrib gdtrix kolmogi nbdtri
        nbdtrik nbdtrin ncfdtri ncfdtridfd ncfdtridfn ncfdtrinc nctdtridf nctdtrinc nctdtrit nrdtrimn nrdtrisd
        pdtri pdtrik smirnovi stdtridf tklmbda""",
    "distributions by whole numbers or noncentral: ag.special.betainc and gammainc serve": """bdtr bdtrc btdtr chndtr
        kolmogorov nbdtr nbdtrc ncfdtr nctdtr smirnov""",
    "derivatives of others, or several orders at once: differentiate the function itself": """h1vp h2vp ivp jvp kvp yvp
        lmbda riccati_jn riccati_yn lqmn lqn pbdv_seq pbvv_seq assoc_legendre_p assoc_legendre_p_all legendre_p
        legendre_p_all sph_harm_y sph_harm_y_all sph_legendre_p sph_legendre_p_all lpmv lpmn lpn clpmn sph_harm""",
    "rarely asked for: ag.elementwise declares one with its derivative": """agm airye bei beip ber berp besselpoly diric
        assoc_laguerre ellip_harm ellip_harm_2 ellipj elliprc elliprd elliprf elliprg elliprj eval_sh_jacobi hankel1
        hankel1e hankel2 hankel2e it2i0k0 it2j0y0 it2struve0 itairy iti0k0 itj0y0 itmodstruve0 itstruve0 kei keip
        kelvin ker kerp log_wright_bessel mathieu_cem mathieu_modcem1 mathieu_modcem2 mathieu_modsem1 mathieu_modsem2
        mathieu_sem modfresnelm modfresnelp obl_ang1 obl_ang1_cv obl_rad1 obl_rad1_cv obl_rad2 obl_rad2_cv pbdv pbvv
        pbwa pro_ang1 pro_ang1_cv pro_rad1 pro_rad1_cv pro_rad2 pro_rad2_cv radian softplus wright_bessel zetac""",
}
SIGNAL = {
    "of settings alone, as windows and filter designs: constants, given to the functions above": """
        windows bessel besselap band_stop_obj buttap butter buttord cheb1ap cheb1ord cheb2ap cheb2ord cheby1 cheby2
        ellip ellipap ellipord firls firwin firwin2 firwin_2d gammatone get_window iircomb iirdesign iirfilter iirnotch
        iirpeak kaiser_atten kaiser_beta kaiserord remez savgol_coeffs check_COLA check_NOLA closest_STFT_dual_window
        correlation_lags choose_conv_method czt_points findfreqs max_len_seq unit_impulse cascade daub morlet morlet2
        qmf ricker""",
    "where something lies, or an order of values: no slope; indices of x.detach() take from x": """argrelextrema
        argrelmax argrelmin find_peaks find_peaks_cwt peak_prominences peak_widths unique_roots medfilt medfilt2d
        order_filter cmplx_sort""",
    "a few lines of NumPy, which record: np.sin, np.polyval, np.fft, np.convolve, np.linalg.solve": """chirp gausspulse
        sawtooth square sweep_poly gauss_spline freqs freqs_zpk freqz freqz_sos freqz_zpk sosfreqz group_delay bilinear
        bilinear_zpk lp2bp lp2bp_zpk lp2bs lp2bs_zpk lp2hp lp2hp_zpk lp2lp lp2lp_zpk normalize sos2tf zpk2tf zpk2sos
        zpk2ss sos2zpk tf2sos tf2ss tf2zpk ss2tf ss2zpk abcd_normalize residue residuez invres invresz deconvolve
        coherence spectrogram lombscargle vectorstrength wiener envelope hilbert2 czt zoom_fft minimum_phase lfiltic
        sepfir2d symiirorder1 symiirorder2 cspline1d cspline1d_eval cspline2d qspline1d qspline1d_eval qspline2d
        spline_filter whittaker_henderson cwt""",
    "linear systems and their answers: ag.signal.lfilter, ag.scan, ag.odeint, ag.linalg.expm": """StateSpace
        TransferFunction ZerosPolesGain lti dlti lsim dlsim impulse dimpulse step dstep bode dbode freqresp dfreqresp
        cont2discrete place_poles""",
    "classes: the functions stft, istft; errors": "BadCoefficients CZT ShortTimeFFT ZoomFFT",
}
REASONS = {name: reason for reason, names in REFUSED.items() for name in names.split()}


def functions() -> list[str]:
    """Every public name."""
    ufuncs = {name for name in dir(scipy.special) if isinstance(getattr(scipy.special, name), np.ufunc)}
    return sorted({n for n in (*scipy.special.__all__, *ufuncs) if not n.startswith("_")}, key=str.lower)


def state(name: str) -> str:
    """Differentiable, NumPy's own, or why not; empty where nobody has decided."""
    function: Any = getattr(scipy.special, name)
    if name in ours.__all__ or implementation_of(function) is not None:
        return "differentiable"
    return "as np's" if name in NUMPYS else REASONS.get(name, "")


def signals() -> list[str]:
    """Every public name of ``scipy.signal``; old versions list modules among them."""
    return [n for n in scipy.signal.__all__ if n == "windows" or not inspect.ismodule(getattr(scipy.signal, n))]


def signal_state(name: str) -> str:
    """Differentiable, or why not, of ``scipy.signal``; empty where nobody has decided."""
    if name in our_signal.__all__:
        return "differentiable"
    return next((reason for reason, names in SIGNAL.items() if name in names.split()), "")


def page() -> str:
    """The table as Markdown."""
    every = {name: state(name) for name in functions()}
    good = [f"`{n}`" for n, s in every.items() if s == "differentiable"]
    lines = [
        "# SciPy's special functions on tensors",
        "",
        f"Every public name of `scipy.special` {'.'.join(scipy.__version__.split('.')[:2])}, listed by",
        f"`python tests/scipy_table.py`: {len(good)} are differentiable, to any order and in both modes, as",
        "`ag.special.name`, the ufuncs among them also as `scipy.special.name`. Orders and parameters without a",
        "formula are refused by name where they are recorded tensors.",
        "",
        "## Differentiable",
        "",
        ", ".join(good),
        "",
        "`" + "`, `".join(sorted(NUMPYS)) + "`: as `np.name`",
        "",
        "## Refused, with a TypeError",
        "",
        "| reason | functions |",
        "|---|---|",
    ]
    for reason in REFUSED:
        names = [f"`{n}`" for n, s in every.items() if s == reason]
        lines.append(f"| {reason} | {', '.join(names)} |")
    of_signals = {name: signal_state(name) for name in sorted(signals(), key=str.lower)}
    good = [f"`{n}`" for n, s in of_signals.items() if s == "differentiable"]
    lines += [
        "",
        "# SciPy's signals on tensors",
        "",
        f"Every public name of `scipy.signal`: {len(good)} are differentiable as `ag.signal.name`. Coefficients (`b`,",
        "`a`, `sos`, `zi`), windows given as arrays and signals have derivatives; all other settings are constants.",
        "",
        ", ".join(good),
        "",
        "| the others refuse tensors, with a TypeError | functions |",
        "|---|---|",
    ]
    lines += [f"| {r} | {', '.join(f'`{n}`' for n, s in of_signals.items() if s == r)} |" for r in SIGNAL]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
