product = 不停
sign-in = 登录
